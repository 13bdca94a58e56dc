/** Where QEMU's threads run on the host: vCPUs and I/O threads, with the CPUs that each may use. */
import { readFile } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { membersOf } from '../conf/cpu-set.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { effectiveIothreads } from '../conf/iothreads.ts';
import { vcpusAtStart } from '../conf/vcpus.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { readRunFile } from '../process/run-files.ts';
import { readThreadUsage, vcpuThreads } from './vcpu-usage.ts';

export interface VcpuStatus {
  readonly number: number;
  /** Where it ran last. */
  readonly hostCpu: number | null;
  readonly state: 'running' | null;
  readonly cpuTimeNs: number | null;
  readonly affinity: number[];
}

export interface VcpuPlacement {
  readonly vcpus: VcpuStatus[];
  readonly hostCpus: number;
}

/** virDomainGetVcpus; of a domain that does not run, what its definition pins. */
export async function domainVcpus(domain: Domain): Promise<VcpuPlacement> {
  const { live, definition } = domain;
  const hostCpus = await countHostCpus();
  if (!live) return { vcpus: pinnedVcpus(definition, hostCpus), hostCpus };
  const vcpus = await Promise.all(vcpuThreads(live).map(async ({ vcpu, threadId }): Promise<VcpuStatus> => {
    const [usage, hostCpu, affinity] = await Promise.all([readThreadUsage(live, threadId), lastCpu(live, threadId), affinityOf(live, threadId)]);
    return { number: vcpu, hostCpu, state: 'running', cpuTimeNs: usage?.ranNs ?? null, affinity };
  }));
  return { vcpus, hostCpus };
}

function pinnedVcpus(definition: DomainDefinition, hostCpus: number): VcpuStatus[] {
  const pins = new Map((definition.cputune?.vcpupin ?? []).map(({ vcpu, cpuset }) => [vcpu, cpuset]));
  return vcpusAtStart(definition).map((number) => ({ number, hostCpu: null, state: null, cpuTimeNs: null, affinity: cpusIn(pins.get(number) ?? definition.vcpu.cpuset, hostCpus) }));
}

export interface VcpuCounts {
  readonly config: { readonly maximum: number; readonly current: number } | null;
  readonly live: { readonly maximum: number; readonly current: number } | null;
}

/** virDomainGetVcpusFlags in all its forms. */
export function vcpuCounts(domain: Domain): VcpuCounts {
  const of = (definition: DomainDefinition | null | undefined): VcpuCounts['live'] => (definition ? { maximum: definition.vcpu.maximum, current: vcpusAtStart(definition).length } : null);
  return { config: of(domain.persistent), live: of(domain.live?.definition) };
}

export interface IothreadPlacement {
  readonly iothreads: { readonly id: number; readonly threadId: number | null; readonly affinity: number[] }[];
  readonly hostCpus: number;
}

/** virDomainGetIOThreadInfo. @param config the next boot's. @throws OPERATION_INVALID for a transient domain. */
export async function domainIothreads(domain: Domain, config: boolean): Promise<IothreadPlacement> {
  const { live } = domain;
  const hostCpus = await countHostCpus();
  if (!live || config) {
    if (!domain.persistent) throw new VireoError('OPERATION_INVALID', 'transient domains do not have any persistent config', { domain: domain.identity });
    const pins = new Map((domain.persistent.cputune?.iothreadpin ?? []).map(({ iothread, cpuset }) => [iothread, cpuset]));
    return { iothreads: effectiveIothreads(domain.persistent).map(({ id }) => ({ id, threadId: null, affinity: cpusIn(pins.get(id) ?? null, hostCpus) })), hostCpus };
  }
  const threads = [...(live.threads?.ioThreads ?? [])].map(([id, threadId]) => ({ id, threadId })).toSorted((left, right) => left.id - right.id);
  return { iothreads: await Promise.all(threads.map(async (thread) => ({ ...thread, affinity: await affinityOf(live, thread.threadId) }))), hostCpus };
}

/** Field 39 of /proc/PID/task/TID/stat (proc(5)). */
async function lastCpu(live: LiveDomain, threadId: number): Promise<number | null> {
  const stat = await readRunFile(live, `task/${threadId}/stat`);
  const field = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[39 - 3]);
  return Number.isInteger(field) ? field : null;
}

async function affinityOf(live: LiveDomain, threadId: number): Promise<number[]> {
  const status = await readRunFile(live, `task/${threadId}/status`, 8192);
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status ?? '')?.[1];
  return list === undefined ? [] : [...membersOf(list)];
}

function cpusIn(set: string | null, hostCpus: number): number[] {
  return set === null ? Array.from({ length: hostCpus }, (_, cpu) => cpu) : [...membersOf(set)];
}

/** Those that there are, also where some are switched off; 1 where the system does not tell. */
async function countHostCpus(): Promise<number> {
  const present = await readFile('/sys/devices/system/cpu/present', 'latin1').catch(() => '0');
  return Math.max(1, (membersOf(present.trim()).at(-1) ?? 0) + 1);
}
