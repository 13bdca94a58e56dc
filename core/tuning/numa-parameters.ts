/** Where on the host a guest's memory lies: NUMA nodes, and how strictly. */
import { VireoError } from '../base/errors.ts';
import { cpuSet } from '../conf/cpu-set.ts';
import type { NumatuneDefinition } from '../conf/numa.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { type Affected, changeTuning, chosenTuning, type TuningContext } from './affected.ts';
import { writeValues } from './write-groups.ts';

export type NumaMode = NonNullable<NumatuneDefinition['memory']>['mode'];

export interface NumaParameters {
  readonly mode: NumaMode;
  /** Null for every node. */
  readonly nodeset: string | null;
}

/** @throws INVALID_ARG; OPERATION_INVALID for a running guest whose memory QEMU has placed itself. */
export async function setNumaParameters(context: TuningContext, call: Call, domain: Domain, affected: Affected, { mode, nodeset }: { readonly mode?: NumaMode | undefined; readonly nodeset?: string | undefined }): Promise<void> {
  const nodes = nodeset === undefined ? undefined : cpuSet.parse(nodeset);
  if (nodeset !== undefined && nodes === undefined) throw new VireoError('INVALID_ARG', `'${nodeset}' is not a set of NUMA nodes such as 0-1,^3`);
  await changeTuning(context, call, domain, affected, {
    define(definition) {
      const before = definition.numatune?.memory ?? { mode: 'strict' as const, nodeset: null, placement: null };
      if (definition.numatune?.memnodes.length && mode !== undefined && (mode === 'restrictive') !== (before.mode === 'restrictive')) throw new VireoError('OPERATION_INVALID', "the mode 'restrictive' is for all cells of numatune or for none");
      return { ...definition, numatune: { memnodes: definition.numatune?.memnodes ?? [], memory: { ...before, placement: 'static', mode: mode ?? before.mode, nodeset: nodes ?? before.nodeset } } };
    },
    async apply(live, next) {
      const before = live.definition.numatune?.memory ?? null;
      if (mode !== undefined && mode !== (before?.mode ?? 'strict')) throw new VireoError('OPERATION_INVALID', "can't change numatune mode for running domain");
      if (nodes === undefined) return;
      if (before?.mode !== 'restrictive') throw new VireoError('OPERATION_INVALID', 'change of nodeset for running domain requires restrictive numa mode');
      await writeValues(live.controlGroups, [{ controller: 'cpuset', files: ['cpuset.mems'], value: next.numatune?.memory?.nodeset ?? nodes }]);
    },
  });
}

export function numaParameters(domain: Domain, affected: Affected): NumaParameters {
  const { memory = null } = chosenTuning(domain, affected).definition.numatune ?? {};
  return { mode: memory?.mode ?? 'strict', nodeset: memory?.nodeset ?? null };
}
