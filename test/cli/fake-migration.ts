/** The methods of migration on a host without guests: nothing moves. */
import type { migrationMethods } from '../../core/api/migration-contract.ts';
import type { Implementation } from '../../core/api/server.ts';

export function fakeMigration(prepareUri: () => string = () => 'tcp:127.0.0.1:49152'): Implementation<typeof migrationMethods> {
  return {
    connectGetHostname: async () => ({ hostname: 'alpha', hostUuid: '1f0cbb4e-0000-4000-8000-000000000000', wallTimeMs: 0 }),
    connectProbeHost: async () => ({ hostName: 'beta', hostUuid: '1f0cbb4e-0000-4000-8000-000000000001' }),
    connectListMigrations: async () => ({ migrations: [] }),
    domainMigrateGetArrival: async () => ({ arrival: 'not here' }),
    domainMigrateToURI3: async () => ({ domain: null }),
    domainCheckMigration: async () => ({ blockers: [], warnings: [], memoryBytes: null, dirtyBytesPerSecond: null, disks: [] }),
    domainGetMigration: async () => ({ migration: null }),
    domainMigrateBegin3Params: async () => ({ xml: '<domain/>', cookie: '' }),
    domainMigratePrepare3Params: async () => ({ cookie: '', uri: prepareUri() }),
    domainMigratePerform3Params: async () => ({ cookie: '' }),
    domainMigrateFinish3Params: async () => ({ cookie: '', id: 1 }),
    domainMigrateConfirm3Params: async () => null,
    domainMigrateSetMaxSpeed: async () => null,
    domainMigrateGetMaxSpeed: async () => ({ bandwidthMiBps: 0 }),
    domainMigrateSetMaxDowntime: async () => null,
    domainMigrateGetMaxDowntime: async () => ({ downtimeMs: 300 }),
    domainMigrateSetCompressionCache: async () => null,
    domainMigrateGetCompressionCache: async () => ({ cacheBytes: 67_108_864 }),
    domainAbortJobFlags: async () => null,
    domainMigrateStartPostCopy: async () => null,
    domainMigrateSetAutoConverge: async () => null,
  };
}
