/** What migration needs of the driver: definitions as this host keeps them. */
import { hostname } from 'node:os';
import { parseDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import type { MigrationContext } from '../migration/migration-context.ts';
import type { OpenTarget } from '../migration/migration-target.ts';
import { MigrationViews } from '../migration/migration-views.ts';
import { PortAllocator } from '../migration/port-allocator.ts';
import { complete, forgetDefinition, keepDefinition, knownDomain } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';
import { migratableForm } from './migratable-xml.ts';

export function migrationContext(context: DriverContext, { hostUuid, openTarget }: { readonly hostUuid: string; readonly openTarget: OpenTarget }): MigrationContext {
  const migrations = new MigrationViews();
  context.hub.events.on(({ type, event, domain }) => {
    if (type === 'lifecycle' && event === 'undefined') migrations.forget(domain.uuid);
  });
  return {
    ...context,
    hostUuid,
    hostName: hostname(),
    openTarget,
    ports: new PortAllocator(),
    migrations,
    readDefinition: (xml) => complete(context, parseDomain(xml)),
    knownDomain: (definition) => knownDomain(context, definition),
    migratableForm: (domain: Domain, options) => migratableForm(context, domain, options),
    persist: (domain, definition) => keepDefinition(context, domain, definition),
    forget: (domain) => forgetDefinition(context, domain, { variables: null, folder: false }),
  };
}
