/** The definition of a domain as another host is to get it (D6). */
import { completeDefinition } from '../address/complete-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { migratableDefinition } from '../definition/migratable-form.ts';
import { withoutRun } from '../definition/without-run.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { completing } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';
import { acceleratorFor } from './native.ts';

/** Of the run where there is one, unless `inactive`; without what only this run knows, as it is there for another one. */
export async function migratableXml(context: DriverContext, domain: Domain, options: { readonly inactive: boolean; readonly secure: boolean }): Promise<string> {
  return formatDomain(await migratableForm(context, domain, options), { form: 'inactive', secure: options.secure });
}

export async function migratableForm(context: DriverContext, domain: Domain, options: { readonly inactive: boolean }): Promise<DomainDefinition> {
  const { live, persistent } = domain;
  const shown = (options.inactive ? persistent : live?.definition) ?? domain.definition;
  const definition = withoutRun(shown, { runFolder: context.runFolder(domain.uuid), logFolder: context.logFolder(domain.uuid) });
  const capabilities = await context.capabilities.get(definition.emulator as string);
  const completion = await completing(context, definition, capabilities);
  // Another host is not to give the words "this host's CPU" a meaning of its own.
  const saysHostModel = definition.cpu?.mode === 'host-model';
  const exact = saysHostModel ? await context.hostCpus.withExactCpu(definition, capabilities, await acceleratorFor(context, definition, capabilities)) : definition;
  return migratableDefinition(exact, (shorter) => completeDefinition(shorter, completion));
}
