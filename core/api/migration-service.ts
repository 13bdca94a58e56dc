/** The contract of migration, implemented by the modules that know. */
import { VireoError, asVireoError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Driver } from '../driver/driver.ts';
import { arrivalOf } from '../migration/arrival.ts';
import { finishMigration } from '../migration/destination/finish.ts';
import { prepareMigration, prepareTunnel } from '../migration/destination/prepare.ts';
import { migrateDomain } from '../migration/migrate-domain.ts';
import { beginMigration } from '../migration/source/begin.ts';
import { confirmMigration } from '../migration/source/confirm.ts';
import { performMigration } from '../migration/source/perform.ts';
import { checkMigration } from '../migration/source/preflight.ts';
import { getCompressionCache, getMaxDowntime, getMaxSpeed, pausePostCopy, setAutoConverge, setCompressionCache, setMaxDowntime, setMaxSpeed, startPostCopy } from '../migration/source/steer.ts';
import type { migrationMethods } from './migration-contract.ts';
import type { Implementation, StreamImplementation } from './server.ts';

/** Somebody waits for the answer; a host that starts for it takes a second or two. */
const probeTimeoutMs = 20_000;

export function migrationService(driver: Driver): Implementation<typeof migrationMethods> {
  const { migration: context } = driver;
  const done = (work: Promise<void>): Promise<null> => work.then(() => null);
  return {
    connectGetHostname: async () => ({ hostname: context.hostName, hostUuid: context.hostUuid, wallTimeMs: context.clock.wallTime() }),
    domainMigrateToURI3: (call, { domain, ...request }) =>
      driver.on(domain, async (found) => {
        await migrateDomain(context, call, found, request);
        return { domain: found.removed ? null : found.summary() };
      }),
    domainCheckMigration: (call, { domain, ...request }) => driver.on(domain, (found) => checkMigration(context, call, found, request)),
    // By its UUID also one whose domain has left this host with it.
    domainGetMigration: async (_call, { domain }) => ({ migration: context.migrations.of(domain) ?? context.migrations.of(driver.find(domain).uuid) }),
    async connectProbeHost(call, { uri }) {
      await using target = await context.openTarget(uri, AbortSignal.any([call.signal, AbortSignal.timeout(probeTimeoutMs)]));
      return { hostName: target.hostName, hostUuid: target.hostUuid };
    },
    connectListMigrations: async () => ({ migrations: context.migrations.list().map((view) => ({ ...view, samples: [] })) }),
    domainMigrateBegin3Params: (call, { domain, options }) => driver.on(domain, async (found) => ({ ...(await beginMigration(context, call, found, options)) })),
    domainMigratePrepare3Params: (call, request) => driver.track(async () => ({ ...(await prepareMigration(context, call, request)) })),
    domainMigratePerform3Params: (call, { domain, ...request }) => driver.on(domain, async (found) => ({ cookie: await performMigration(context, call, found, request) })),
    domainMigrateFinish3Params: (call, request) => driver.track(async () => ({ ...(await finishMigration(context, call, request)) })),
    domainMigrateGetArrival: async (_call, request) => ({ arrival: await arrivalOf(context, request) }),
    domainMigrateConfirm3Params: (call, { domain, unknown, ...request }) => done(driver.on(domain, (found) => confirmMigration(context, call, found, unknown === null ? request : { ...request, unknown: new VireoError('OPERATION_FAILED', unknown) }))),
    domainMigrateSetMaxSpeed: (call, { domain, ...speed }) => done(driver.on(domain, (found) => setMaxSpeed(context, call, found, speed))),
    domainMigrateGetMaxSpeed: (call, { domain, ...of }) => driver.on(domain, async (found) => ({ bandwidthMiBps: await getMaxSpeed(context, call, found, of) })),
    domainMigrateSetMaxDowntime: (call, { domain, downtimeMs }) => done(driver.on(domain, (found) => setMaxDowntime(context, call, found, downtimeMs))),
    domainMigrateGetMaxDowntime: (call, { domain }) => driver.on(domain, async (found) => ({ downtimeMs: await getMaxDowntime(context, call, found) })),
    domainMigrateSetCompressionCache: (call, { domain, cacheBytes }) => done(driver.on(domain, (found) => setCompressionCache(context, call, found, cacheBytes))),
    domainMigrateGetCompressionCache: (call, { domain }) => driver.on(domain, async (found) => ({ cacheBytes: await getCompressionCache(context, call, found) })),
    domainAbortJobFlags: (call, { domain, postcopy }) => done(postcopy ? driver.on(domain, (found) => pausePostCopy(context, call, found)) : driver.abortJob(call, domain)),
    domainMigrateStartPostCopy: (call, { domain }) => done(driver.on(domain, (found) => startPostCopy(context, call, found))),
    domainMigrateSetAutoConverge: (call, { domain, on }) => done(driver.on(domain, (found) => setAutoConverge(context, call, found, on))),
  };
}

export function migrationTunnelService({ migration: context }: Driver): StreamImplementation['domainMigratePrepareTunnel3Params'] {
  return async (call, request) => {
    const { tunnel, ...opened } = await prepareTunnel(context, call, request);
    const over = new Emitter<VireoError | null>();
    return {
      opened,
      onBytes: (bytes) => tunnel.write(bytes),
      onMessage: (_message, after) =>
        void after
          .then(() => tunnel.end())
          .then(
            () => over.fire(null),
            (error: unknown) => over.fire(asVireoError(error)),
          ),
      async run({ closed }) {
        const leave = (): void => over.fire(null);
        closed.addEventListener('abort', leave, { once: true });
        const error = await new Promise<VireoError | null>((resolve) => void over.on(resolve));
        closed.removeEventListener('abort', leave);
        if (closed.aborted) tunnel.abort();
        if (error) throw error;
      },
    };
  };
}
