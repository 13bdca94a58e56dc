/**
 * The CPU that a run really has: QEMU leaves out what this host or its accelerator cannot give. The run's definition says
 * so, as libvirt's does, and so whoever lets the guest go on elsewhere gives it the same; a definition with
 * `check='full'` would rather have no guest.
 */
import { VireoError } from '../base/errors.ts';
import { documentFeature } from '../conf/cpu-feature-names.ts';
import { type CpuDefinition, namesModel } from '../conf/cpu.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import { isQemuError } from '../monitor/qemu-error.ts';

/** @throws OPERATION_FAILED naming what is missing, where the definition takes nothing less. */
export async function withLiveCpu(definition: DomainDefinition, monitor: ReadMonitor): Promise<DomainDefinition> {
  const { cpu, os } = definition;
  const isX86 = os.type.arch === 'x86_64' || os.type.arch === 'i686';
  if (!cpu || !isX86 || !namesModel(cpu)) return definition;
  const missing = (await missingFeatures(monitor))?.map((name) => documentFeature(os.type.arch, name));
  if (!missing) return definition;
  if (cpu.check === 'full' && missing.length > 0) throw new VireoError('OPERATION_FAILED', `guest CPU doesn't match specification: missing features: ${missing.join(',')}`);
  return { ...definition, cpu: { ...cpu, check: 'full', features: without(cpu.features, missing) } };
}

/** QEMU's names; null where it does not tell. */
async function missingFeatures(monitor: ReadMonitor): Promise<readonly string[] | null> {
  const [first] = await monitor.query('query-cpus-fast');
  if (!first) return null;
  try {
    const value: unknown = await monitor.query('qom-get', { path: first['qom-path'], property: 'unavailable-features' });
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : null;
  } catch (error) {
    if (isQemuError(error)) return null; // not every CPU of QEMU has it
    throw error;
  }
}

function without(features: CpuDefinition['features'], missing: readonly string[]): CpuDefinition['features'] {
  const kept = features.map((feature) => (missing.includes(feature.name) ? { ...feature, policy: 'disable' as const } : feature));
  const named = new Set(features.map(({ name }) => name));
  return [...kept, ...missing.filter((name) => !named.has(name)).map((name) => ({ policy: 'disable' as const, name }))];
}
