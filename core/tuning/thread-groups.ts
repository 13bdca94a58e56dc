/**
 * Quotas of single threads: a group below the run's own for each vCPU, for the I/O threads and for everything else that
 * QEMU does. They are made where a quota asks for them, and go with the run's group.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../base/errors.ts';
import type { GroupPlace } from '../domain/control-groups.ts';
import type { RunThreads } from '../domain/live-domain.ts';
import { bandwidthValues } from './group-values.ts';
import { makeGroup } from './run-groups.ts';
import { otherThreads } from './thread-placement.ts';
import { writeValue } from './write-groups.ts';

export interface Quota {
  readonly periodUs: number | null;
  readonly quotaUs: number | null;
}

export interface ThreadQuotas {
  readonly vcpu: Quota;
  readonly emulator: Quota;
  readonly iothread: Quota;
}

export function hasQuota({ periodUs, quotaUs }: Quota): boolean {
  return (periodUs ?? 0) !== 0 || (quotaUs ?? 0) !== 0;
}

/** Groups whose quota says nothing are not made. @throws SYSTEM_ERROR with the kernel's refusal. */
export async function limitThreads(cpu: GroupPlace, pid: number, threads: RunThreads, quotas: ThreadQuotas): Promise<void> {
  const groups: { readonly name: string; readonly quota: Quota; readonly members: readonly number[] }[] = [];
  if (hasQuota(quotas.vcpu)) for (const [number, thread] of threads.vcpus) groups.push({ name: `vcpu${number}`, quota: quotas.vcpu, members: [thread] });
  if (hasQuota(quotas.iothread)) for (const [number, thread] of threads.ioThreads) groups.push({ name: `iothread${number}`, quota: quotas.iothread, members: [thread] });
  if (hasQuota(quotas.emulator)) groups.push({ name: 'emulator', quota: quotas.emulator, members: await otherThreads(pid, threads) });
  if (groups.length === 0) return;
  for (const { name } of groups) {
    await makeGroup(path.join(cpu.folder, name));
    if (cpu.version === 2) await writeFile(path.join(cpu.folder, name, 'cgroup.type'), 'threaded');
  }
  if (cpu.version === 2) await writeFile(path.join(cpu.folder, 'cgroup.subtree_control'), '+cpu');
  for (const { name, quota, members } of groups) {
    const folder = path.join(cpu.folder, name);
    for (const value of bandwidthValues(cpu.version, quota.periodUs, quota.quotaUs)) await writeValue(folder, value);
    for (const thread of members) await moveThread(folder, cpu.version, thread);
  }
}

async function moveThread(folder: string, version: 1 | 2, thread: number): Promise<void> {
  try {
    await writeFile(path.join(folder, version === 1 ? 'tasks' : 'cgroup.threads'), String(thread), { flag: 'r+' });
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ESRCH') throw error; // a thread of QEMU's pool that has ended
  }
}
