/** CPU time of a domain over all of the host's CPUs, and of each of them where a control group counts it (cgroup v1). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { readProcessUsage } from '../process/cpu-time.ts';
import { requireLive } from '../process/power.ts';
import type { ProcessContext } from '../process/process-context.ts';

export interface CpuStatistics {
  readonly total: { readonly cpuTimeNs: number; readonly userTimeNs: number; readonly systemTimeNs: number };
  readonly perCpu: { readonly cpu: number; readonly cpuTimeNs: number }[] | null;
}

/** virDomainGetCPUStats. @throws OPERATION_INVALID `domain is not running`, OPERATION_FAILED where the system does not tell. */
export async function domainCpuStatistics(context: ProcessContext, domain: Domain): Promise<CpuStatistics> {
  const live = requireLive(domain);
  const [usage, perCpu] = await Promise.all([readProcessUsage(live, context.clock), readPerCpu(live)]);
  if (!usage) throw new VireoError('OPERATION_FAILED', 'this host does not tell the CPU time of a process', { domain: domain.identity });
  return { total: { cpuTimeNs: usage.userNs + usage.systemNs, userTimeNs: usage.userNs, systemTimeNs: usage.systemNs }, perCpu };
}

/** Version 2 counts no CPUs one by one. */
async function readPerCpu({ controlGroups: { cpuacct } }: LiveDomain): Promise<CpuStatistics['perCpu']> {
  if (cpuacct?.version !== 1) return null;
  const text = await readFile(path.join(cpuacct.folder, 'cpuacct.usage_percpu'), 'latin1').catch(() => '');
  const times = text.trim().split(/\s+/).map(Number);
  return text === '' || times.some((ns) => !Number.isFinite(ns)) ? null : times.map((cpuTimeNs, cpu) => ({ cpu, cpuTimeNs }));
}
