/** Limits of the memory that a guest's QEMU takes, in KiB. None is ever guessed: what QEMU itself needs nobody knows. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { MemtuneDefinition } from '../conf/memory.ts';
import type { ControlGroups } from '../domain/control-groups.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Call } from '../job/call.ts';
import { type Affected, changeTuning, chosenTuning, type TuningContext } from './affected.ts';
import { memoryValues, unlimitedKiB } from './group-values.ts';
import { readGroupFile, requireGroup, writeValues } from './write-groups.ts';

/** libvirt's names with the definition's fields, in the order in which virsh shows them. */
const memoryFields = { hard_limit: 'hardLimitKiB', soft_limit: 'softLimitKiB', swap_hard_limit: 'swapHardLimitKiB' } as const;
export type MemoryParameter = keyof typeof memoryFields;
export type MemoryParameters = Readonly<Partial<Record<MemoryParameter, number | undefined>>>;

const names = Object.keys(memoryFields) as readonly MemoryParameter[];

/** A value of `unlimitedKiB` or more lifts the limit. @throws INVALID_ARG, OPERATION_INVALID where the guest has no group for it. */
export async function setMemoryParameters(context: TuningContext, call: Call, domain: Domain, affected: Affected, parameters: MemoryParameters): Promise<void> {
  const given = names.filter((name) => parameters[name] !== undefined);
  if (given.length === 0) return;
  await changeTuning(context, call, domain, affected, {
    define(definition) {
      const memtune = { ...emptyMemtune, ...definition.memtune, ...Object.fromEntries(given.map((name) => [memoryFields[name], Math.min(parameters[name] ?? 0, unlimitedKiB)])) };
      const { hardLimitKiB, swapHardLimitKiB } = memtune;
      if (swapHardLimitKiB !== null && (hardLimitKiB ?? 0) > swapHardLimitKiB) throw new VireoError('INVALID_ARG', 'memory hard_limit tunable value must be lower than or equal to swap_hard_limit');
      return { ...definition, memtune };
    },
    apply,
  });
}

/** @throws OPERATION_INVALID. */
export async function memoryParameters(domain: Domain, affected: Affected): Promise<Record<MemoryParameter, number>> {
  const { live, definition } = chosenTuning(domain, affected);
  const limits = live ? await measure(live.controlGroups) : definition.memtune;
  return Object.fromEntries(names.map((name) => [name, limits?.[memoryFields[name]] ?? unlimitedKiB])) as Record<MemoryParameter, number>;
}

const emptyMemtune: MemtuneDefinition = { hardLimitKiB: null, softLimitKiB: null, minGuaranteeKiB: null, swapHardLimitKiB: null };

async function apply({ controlGroups: groups }: LiveDomain, { memtune }: DomainDefinition): Promise<void> {
  const { version } = requireGroup(groups, 'memory');
  if (!memtune) return;
  const values = memoryValues(version, memtune);
  // Memory with swap is never less than memory: what rises beyond the present limit of both goes after that one.
  const { swapHardLimitKiB } = await measure(groups);
  const rises = version === 1 && memtune.swapHardLimitKiB !== null && memtune.swapHardLimitKiB > (swapHardLimitKiB ?? unlimitedKiB);
  await writeValues(groups, rises ? values.toReversed() : values);
}

type Limits = Pick<MemtuneDefinition, 'hardLimitKiB' | 'softLimitKiB' | 'swapHardLimitKiB'>;

/** The kernel's numbers; what is practically none is told as none. */
async function measure(groups: ControlGroups): Promise<Limits> {
  const { version } = requireGroup(groups, 'memory');
  const files = version === 1 ? ['memory.limit_in_bytes', 'memory.soft_limit_in_bytes', 'memory.memsw.limit_in_bytes'] : ['memory.max', 'memory.high', 'memory.swap.max'];
  const [hardLimitKiB = null, softLimitKiB = null, swap = null] = await Promise.all(files.map(async (file) => limitOf(await readGroupFile(groups, 'memory', [file]))));
  const both = version === 2 && swap !== null ? swap + (hardLimitKiB ?? 0) : swap;
  return { hardLimitKiB, softLimitKiB, swapHardLimitKiB: both };
}

function limitOf(text: string | null): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const limitKiB = Number(BigInt(text) / 1024n);
  return limitKiB >= nearlyUnlimitedKiB ? null : limitKiB;
}

/** v1 rounds its "none" down to whole pages. */
const nearlyUnlimitedKiB = unlimitedKiB - 1024;
