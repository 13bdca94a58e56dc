/**
 * Which processors of the host a thread of QEMU may run on, and before whom: what sched_setaffinity(2) and
 * sched_setscheduler(2) do, by the system's own programs, since Node has no call for either.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { formatCpuSet, membersOf } from '../conf/cpu-set.ts';
import type { CputuneDefinition } from '../conf/tuning.ts';
import type { RunThreads } from '../domain/live-domain.ts';
import { runHostCommand } from '../process/host-command.ts';

/** At most this many programs at once: a guest may have hundreds of vCPUs. */
const atOnce = 8;

export interface PinnedThread {
  readonly threadId: number;
  readonly cpus: string;
  /** For messages: `vCPU 3`. */
  readonly what: string;
}

/** A thread that has ended is passed over. @throws OPERATION_FAILED naming the thread, where the host has none of the processors. */
export async function pinThreads(threads: readonly PinnedThread[]): Promise<void> {
  await inTurns(threads, async ({ threadId, cpus, what }) => {
    try {
      await runHostCommand(`cannot set CPU affinity of ${what} to ${cpus}`, ['taskset', '--pid', '--cpu-list', cpus, String(threadId)]);
    } catch (error) {
      if (await stat(`/proc/${threadId}`).then(() => true, () => false)) throw error;
    }
  });
}

/** Every thread that a process has by now; those that they start later inherit it. */
export async function pinProcess(pid: number, cpus: string): Promise<void> {
  await runHostCommand(`cannot set CPU affinity of QEMU to ${cpus}`, ['taskset', '--all-tasks', '--pid', '--cpu-list', cpus, String(pid)]);
}

export type Scheduler = CputuneDefinition['vcpusched'][number]['policy'];

export interface ScheduledThread {
  readonly threadId: number;
  readonly scheduler: Scheduler;
  readonly what: string;
}

/** @throws OPERATION_FAILED, most often since only root may give real-time priorities. */
export async function scheduleThreads(threads: readonly ScheduledThread[]): Promise<void> {
  await inTurns(threads, async ({ threadId, scheduler, what }) => {
    const priority = scheduler.scheduler === 'fifo' || scheduler.scheduler === 'rr' ? scheduler.priority : 0;
    await runHostCommand(`cannot set the scheduler of ${what}`, ['chrt', `--${scheduler.scheduler}`, '--pid', String(priority), String(threadId)]);
  });
}

/** Where the kernel lets the thread run; null where it is gone or the system does not say. */
export async function affinityOf(pid: number, threadId: number): Promise<string | null> {
  const status = await readFile(`/proc/${pid}/task/${threadId}/status`, 'utf8').catch(() => '');
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1];
  return list === undefined ? null : formatCpuSet(membersOf(list));
}

/** Those of QEMU that are neither a vCPU nor an I/O thread: its main loop and its helpers. */
export async function otherThreads(pid: number, threads: RunThreads | null): Promise<readonly number[]> {
  const known = new Set([...(threads?.vcpus.values() ?? []), ...(threads?.ioThreads.values() ?? [])]);
  const all = await readdir(`/proc/${pid}/task`).catch(() => [] as string[]);
  return all.map(Number).filter((thread) => Number.isSafeInteger(thread) && !known.has(thread));
}

/** The processors that the host has online, as a set. */
export async function onlineCpus(): Promise<string> {
  const list = await readFile('/sys/devices/system/cpu/online', 'utf8').catch(() => null);
  if (list !== null) return formatCpuSet(membersOf(list.trim()));
  throw new VireoError('OPERATION_FAILED', 'this computer does not say which processors it has');
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const takeTurns = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeTurns));
}
