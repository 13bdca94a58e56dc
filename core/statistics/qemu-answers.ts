/** What statistics ask QEMU: only what was wanted and can be there, all at once, so that one turn of its loop serves it. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { effectiveIothreads } from '../conf/iothreads.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import type { ExecuteRest, QmpQuery, QmpResult } from '../monitor/commands.ts';
import { isQemuError } from '../monitor/qemu-error.ts';
import type { StatisticsGroup } from './statistics-record.ts';

export interface QemuQuestions {
  readonly balloon: boolean;
  /** The balloon in QEMU's object tree, where the guest reports through it. */
  readonly guestStatsPath: string | null;
  readonly block: boolean;
  readonly iothreads: boolean;
  readonly dirtyRate: boolean;
  /** KVM's own counters; no other accelerator has any. */
  readonly kvmOf: { readonly vm: boolean; readonly vcpu: boolean };
}

/** Null where it was not asked, or QEMU has no answer. */
export interface QemuAnswers {
  readonly balloon: QmpResult<'query-balloon'> | null;
  readonly guestStats: unknown;
  readonly blockStats: QmpResult<'query-blockstats'> | null;
  readonly blockNodes: QmpResult<'query-named-block-nodes'> | null;
  readonly cpus: QmpResult<'query-cpus-fast'> | null;
  readonly iothreads: QmpResult<'query-iothreads'> | null;
  readonly dirtyRate: QmpResult<'query-dirty-rate'> | null;
  readonly vmStats: QmpResult<'query-stats'> | null;
  readonly vcpuStats: QmpResult<'query-stats'> | null;
  readonly statsSchemas: QmpResult<'query-stats-schemas'> | null;
  /** Commands that this QEMU does not have. */
  readonly unknownCommands: readonly string[];
  /** Why not all of it was answered in time. */
  readonly failure: unknown;
}

export const noQuestions: QemuQuestions = { balloon: false, guestStatsPath: null, block: false, iothreads: false, dirtyRate: false, kvmOf: { vm: false, vcpu: false } };

export function questionsFor(groups: ReadonlySet<StatisticsGroup>, definition: DomainDefinition, usesKvm: boolean): QemuQuestions {
  const has = (group: StatisticsGroup): boolean => groups.has(group);
  const balloon = devicesOf(definition.devices, 'memballoon').find(({ model }) => model !== 'none') ?? null;
  return {
    balloon: has('balloon') && balloon !== null,
    guestStatsPath: has('balloon') ? guestStatsPath(balloon) : null,
    block: has('block') && devicesOf(definition.devices, 'disk').length > 0,
    iothreads: has('iothread') && effectiveIothreads(definition).length > 0,
    dirtyRate: has('dirtyrate'),
    kvmOf: { vm: has('vm') && usesKvm, vcpu: has('vcpu') && usesKvm },
  };
}

/** On PCI the balloon itself is behind its adapter, which has its properties too. Without a period the guest never reports. */
function guestStatsPath(balloon: { readonly alias: string | null; readonly stats: { readonly periodSeconds: number } | null } | null): string | null {
  if (!balloon || balloon.alias === null || (balloon.stats?.periodSeconds ?? 0) === 0) return null;
  return `/machine/peripheral/${balloon.alias}`;
}

export function asksNothing({ balloon, guestStatsPath, block, iothreads, dirtyRate, kvmOf }: QemuQuestions): boolean {
  return !balloon && guestStatsPath === null && !block && !iothreads && !dirtyRate && !kvmOf.vm && !kvmOf.vcpu;
}

/** @param signal bounds the wait: nothing else does. */
export async function askQemu(monitor: ReadMonitor, questions: QemuQuestions, signal: AbortSignal): Promise<QemuAnswers> {
  const unknownCommands: string[] = [];
  let failure: unknown = null;
  const ask = async <C extends QmpQuery>(wanted: boolean, command: C, args: ExecuteRest<C>[0]): Promise<QmpResult<C> | null> => {
    if (!wanted) return null;
    try {
      return await monitor.query(command, ...([args, { timeoutMs: undefined, signal }] as unknown as ExecuteRest<C>));
    } catch (error) {
      if (isQemuError(error, 'CommandNotFound')) unknownCommands.push(command);
      else if (!isQemuError(error)) failure ??= error; // QEMU says no: a device that is not there has no numbers
      return null;
    }
  };
  const { balloon, guestStatsPath: path, block, iothreads, dirtyRate, kvmOf } = questions;
  const answers = await Promise.all([
    ask(balloon, 'query-balloon', {}),
    ask(path !== null, 'qom-get', { path: path ?? '', property: 'guest-stats' }),
    ask(block, 'query-blockstats', {}),
    ask(block, 'query-named-block-nodes', { flat: true }),
    ask(kvmOf.vcpu, 'query-cpus-fast', {}),
    ask(iothreads, 'query-iothreads', {}),
    ask(dirtyRate, 'query-dirty-rate', {}),
    ask(kvmOf.vm, 'query-stats', { target: 'vm' }),
    ask(kvmOf.vcpu, 'query-stats', { target: 'vcpu' }),
    ask(kvmOf.vm || kvmOf.vcpu, 'query-stats-schemas', { provider: 'kvm' }),
  ]);
  const [balloonAnswer, guestStats, blockStats, blockNodes, cpus, iothreadAnswer, dirtyAnswer, vmStats, vcpuStats, statsSchemas] = answers;
  return { balloon: balloonAnswer, guestStats, blockStats, blockNodes, cpus, iothreads: iothreadAnswer, dirtyRate: dirtyAnswer, vmStats, vcpuStats, statsSchemas, unknownCommands, failure };
}
