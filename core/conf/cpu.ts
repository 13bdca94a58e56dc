/** `<cpu>`: which processor the guest sees, how it is laid out and, in its cells, where its memory is. */
import { attribute, child, children, childText, type Infer, mapped, object, optional, text, withDefault } from './codec/codec.ts';
import { integer, oneOf, onOff, pattern, unsigned } from './codec/scalar.ts';
import { numaElement } from './numa.ts';

/** Names that end up as properties of -cpu: nothing that could end one and begin another. */
const cpuWord = pattern(/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/, 'letters, digits, ".", "+", "-" and "_"');
const count = integer(1, 4096);

const topologyCodec = object({
  sockets: attribute('sockets', count),
  dies: withDefault(attribute('dies', count), 1),
  clusters: withDefault(attribute('clusters', count), 1),
  cores: attribute('cores', count),
  threads: attribute('threads', count),
});

const writtenCodec = object({
  mode: optional(attribute('mode', oneOf(['custom', 'host-model', 'host-passthrough', 'maximum']))),
  match: optional(attribute('match', oneOf(['minimum', 'exact', 'strict']))),
  check: optional(attribute('check', oneOf(['none', 'partial', 'full']))),
  migratable: optional(attribute('migratable', onOff)),
  deprecatedFeatures: optional(attribute('deprecated_features', onOff)),
  model: optional(
    child('model', object({
      fallback: optional(attribute('fallback', oneOf(['allow', 'forbid']))),
      vendorId: optional(attribute('vendor_id', pattern(/^[^,]{12}$/, '12 characters without a comma'))),
      name: optional(text(cpuWord)),
    })),
  ),
  vendor: optional(childText('vendor', cpuWord)),
  topology: optional(child('topology', topologyCodec)),
  cache: optional(child('cache', object({ level: optional(attribute('level', integer(1, 3))), mode: attribute('mode', oneOf(['emulate', 'passthrough', 'disable'])) }))),
  physicalAddress: optional(
    child('maxphysaddr', object({ mode: attribute('mode', oneOf(['emulate', 'passthrough'])), bits: optional(attribute('bits', unsigned)), limit: optional(attribute('limit', unsigned)) })),
  ),
  features: children('feature', object({ policy: withDefault(attribute('policy', oneOf(['force', 'require', 'optional', 'disable', 'forbid'])), 'require'), name: attribute('name', cpuWord) })),
  numa: numaElement,
});

type Written = Infer<typeof writtenCodec>;
export type CpuDefinition = Omit<Written, 'mode'> & { readonly mode: NonNullable<Written['mode']> };
export type CpuTopology = Infer<typeof topologyCodec>;

/** A custom CPU without a model is only there for its topology: it has no mode, as libvirt prints it. */
export const cpuElement = mapped(
  optional(child('cpu', writtenCodec)),
  (cpu): CpuDefinition | null => cpu && complete(cpu),
  (cpu): Written | null => cpu && (cpu.mode === 'custom' && cpu.model === null ? { ...cpu, mode: null } : cpu),
);

function complete(cpu: Written): CpuDefinition {
  const mode = cpu.mode ?? 'custom';
  const named = cpu.model !== null && cpu.model.name !== null;
  return {
    ...cpu,
    mode,
    match: mode === 'custom' && named ? (cpu.match ?? 'exact') : cpu.match,
    model: named && cpu.model ? { ...cpu.model, fallback: cpu.model.fallback ?? 'allow' } : cpu.model,
  };
}

/** False for one that is only there for its topology, its cells or its cache. */
export function namesModel({ mode, model }: Pick<CpuDefinition, 'mode' | 'model'>): boolean {
  return mode !== 'custom' || typeof model?.name === 'string';
}

/** Whether QEMU has that model; what POWER processors are called, it reads in capitals too. An empty list is no list. */
export function isKnownModel(model: string, { arch, cpuModels }: { readonly arch: string; readonly cpuModels: readonly string[] }): boolean {
  const spelled = arch.startsWith('ppc') ? model.toLowerCase() : model;
  return cpuModels.length === 0 || cpuModels.includes(spelled) || cpuModels.includes(model);
}

/** Where nothing is said of the CPU but what a caller fills in. */
export const plainCpu: CpuDefinition = {
  mode: 'custom', match: null, check: null, migratable: null, deprecatedFeatures: null, model: null, vendor: null, topology: null, cache: null,
  physicalAddress: null, features: [], numa: null,
};
