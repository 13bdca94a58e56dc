/** vCPUs are threads of QEMU: which ones, and what the host's scheduler gave each of them. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { vcpusAtStart } from '../conf/vcpus.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { readRunFile } from '../process/run-files.ts';
import type { StatisticsParameters } from './statistics-record.ts';

/** A vCPU that is plugged in, with the number of its thread on the host. */
export interface VcpuThread {
  readonly vcpu: number;
  readonly threadId: number;
}

/** None where QEMU has not told yet, or one thread serves all vCPUs, as in an emulator without multi-threading: nobody can tell them apart. */
export function vcpuThreads({ threads }: Pick<LiveDomain, 'threads'>): readonly VcpuThread[] {
  const all = [...(threads?.vcpus ?? [])].map(([vcpu, threadId]) => ({ vcpu, threadId })).toSorted((left, right) => left.vcpu - right.vcpu);
  return new Set(all.map(({ threadId }) => threadId)).size === all.length ? all : [];
}

export interface ThreadUsage {
  /** On a CPU of the host. */
  readonly ranNs: number;
  /** Ready to run, and waiting for a CPU. */
  readonly delayedNs: number;
}

export async function readThreadUsage(live: LiveDomain, threadId: number): Promise<ThreadUsage | null> {
  const text = await readRunFile(live, `task/${threadId}/schedstat`);
  return text === null ? null : parseSchedstat(text);
}

/** Time on a CPU, time on the run queue, and how often (Documentation/scheduler/sched-stats.rst of Linux). */
export function parseSchedstat(text: string): ThreadUsage | null {
  const [ranNs, delayedNs] = text.trim().split(' ').map(Number);
  return ranNs !== undefined && delayedNs !== undefined && Number.isFinite(ranNs + delayedNs) ? { ranNs, delayedNs } : null;
}

/** virVcpuState, of a vCPU that is plugged in. */
const stateRunning = 1;

/** The group `vcpu` of domstats; `usage` by the number of the vCPU, empty for a domain that does not run. */
export function vcpuParameters(definition: DomainDefinition, usage: ReadonlyMap<number, ThreadUsage | null>): StatisticsParameters {
  const parameters: StatisticsParameters = { 'vcpu.current': vcpusAtStart(definition).length, 'vcpu.maximum': definition.vcpu.maximum };
  for (const [number, used] of usage) {
    parameters[`vcpu.${number}.state`] = stateRunning;
    if (!used) continue;
    parameters[`vcpu.${number}.time`] = used.ranNs;
    parameters[`vcpu.${number}.delay`] = used.delayedNs;
  }
  return parameters;
}
