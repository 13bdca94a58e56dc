/** The definition of a domain as another host is to get it (D6). */
import { completeDefinition } from '../address/complete-definition.ts';
import { resolveHostModel } from '../capabilities/host-cpu.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { migratableDefinition } from '../definition/migratable-form.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { completing } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';

/** Of the run where there is one, unless `inactive`; without what only this run knows, as it is there for another one. */
export async function migratableXml(context: DriverContext, domain: Domain, options: { readonly inactive: boolean; readonly secure: boolean }): Promise<string> {
  const { live, persistent } = domain;
  const definition = (options.inactive ? persistent : live?.definition) ?? domain.definition;
  const capabilities = await context.capabilities.get(definition.emulator as string);
  const completion = await completing(context, definition, capabilities);
  const migratable = migratableDefinition(await withExactCpu(context, definition, capabilities), (shorter) => completeDefinition(shorter, completion));
  return formatDomain(migratable, { form: 'inactive', secure: options.secure });
}

/** Another host is not to give the words "this host's CPU" a meaning of its own. */
async function withExactCpu(context: DriverContext, definition: DomainDefinition, capabilities: QemuCapabilities): Promise<DomainDefinition> {
  if (definition.cpu?.mode !== 'host-model') return definition;
  const accelerator = definition.type === 'qemu' ? 'tcg' : (await context.accelerators.forStart(capabilities)).accelerator;
  return { ...definition, cpu: resolveHostModel(definition.cpu, await context.hostCpus.get(capabilities, accelerator)) };
}
