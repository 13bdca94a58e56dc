/** The definition of a domain as another host is to get it (D6). */
import { completeDefinition } from '../address/complete-definition.ts';
import { migratableDefinition } from '../definition/migratable-form.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { completing } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';
import { acceleratorFor } from './native.ts';

/** Of the run where there is one, unless `inactive`; without what only this run knows, as it is there for another one. */
export async function migratableXml(context: DriverContext, domain: Domain, options: { readonly inactive: boolean; readonly secure: boolean }): Promise<string> {
  const { live, persistent } = domain;
  const definition = (options.inactive ? persistent : live?.definition) ?? domain.definition;
  const capabilities = await context.capabilities.get(definition.emulator as string);
  const completion = await completing(context, definition, capabilities);
  // Another host is not to give the words "this host's CPU" a meaning of its own.
  const saysHostModel = definition.cpu?.mode === 'host-model';
  const exact = saysHostModel ? await context.hostCpus.withExactCpu(definition, capabilities, await acceleratorFor(context, definition, capabilities)) : definition;
  const migratable = migratableDefinition(exact, (shorter) => completeDefinition(shorter, completion));
  return formatDomain(migratable, { form: 'inactive', secure: options.secure });
}
