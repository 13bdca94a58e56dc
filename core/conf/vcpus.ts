/** `<vcpu>` and `<vcpus>`: how many CPUs the guest may have, and which of them it has from the start. */
import { attribute, child, type Infer, object, optional, text, withDefault } from './codec/codec.ts';
import { integer, oneOf, positive, unsigned, yesNo } from './codec/scalar.ts';
import { listWithin } from './codec/shorthands.ts';
import { cpuSet } from './cpu-set.ts';

const vcpuCodec = object({
  placement: withDefault(attribute('placement', oneOf(['static', 'auto'])), 'static'),
  /** The host's CPUs that all of them run on, null for any. */
  cpuset: optional(attribute('cpuset', cpuSet)),
  /** CPUs plugged at start, null for all. */
  current: optional(attribute('current', positive)),
  maximum: text(integer(1, 4096)),
});

export const vcpuElement = withDefault(child('vcpu', vcpuCodec), { placement: 'static', cpuset: null, current: null, maximum: 1 });

/** CPUs one by one; empty where only their number matters. */
export const vcpusElement = listWithin('vcpus', 'vcpu', object({
  id: attribute('id', unsigned),
  enabled: attribute('enabled', yesNo),
  hotpluggable: optional(attribute('hotpluggable', yesNo)),
  order: optional(attribute('order', positive)),
}));

export type VcpuDefinition = Infer<typeof vcpuCodec>;
export type VcpuState = Infer<typeof vcpusElement>[number];

/** Numbers of the CPUs that are there from the start, in rising order. */
export function vcpusAtStart({ vcpu, vcpus }: { readonly vcpu: VcpuDefinition; readonly vcpus: readonly VcpuState[] }): readonly number[] {
  if (vcpus.length > 0) return vcpus.filter(({ enabled }) => enabled).map(({ id }) => id).toSorted((a, b) => a - b);
  return Array.from({ length: vcpu.current ?? vcpu.maximum }, (_, id) => id);
}
