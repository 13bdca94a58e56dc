/** What saving needs of the driver: definitions as this host keeps them. */
import { parseDomain } from '../devices/domain-xml.ts';
import type { SaveContext } from '../save/save-context.ts';
import { complete, startableDomain, withUuid } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';
import { migratableForm } from './migratable-xml.ts';

export function saveContext(context: DriverContext): SaveContext {
  return {
    ...context,
    readDefinition: (xml) => complete(context, withUuid(parseDomain(xml))),
    migratableForm: (domain, options) => migratableForm(context, domain, options),
    startableDomain: (definition) => startableDomain(context, definition),
  };
}
