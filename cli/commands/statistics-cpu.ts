/** CPUs in numbers: cpu-stats, vcpuinfo, vcpucount, iothreadinfo. */
import type { MethodResult } from '../../core/api/contract.ts';
import { formatCpuSet } from '../../core/conf/cpu-set.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';
import { formatTable } from '../table.ts';

export const cpuStats: Command = command({
  name: 'cpu-stats',
  group: 'domain',
  summary: 'show domain cpu statistics',
  description: "Display per-CPU and total statistics about the domain's CPUs",
  options: {
    domain: domainOption,
    total: { type: 'boolean', help: 'Show total statistics only' },
    start: { type: 'number', named: true, least: 0, help: 'Show statistics from this CPU' },
    count: { type: 'number', named: true, least: 0, help: 'Number of shown CPUs at most' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    const failure = `Failed to retrieve CPU statistics for domain '${name}'`;
    const answer = await attempt(host, failure, 'domainGetCPUStats', { domain: uuid }, interrupted);
    const wantsPerCpu = values.start !== null || values.count !== null;
    if (wantsPerCpu && answer.perCpu === null) throw new CommandError('OPERATION_INVALID', `${failure}: this host does not count the time of each CPU`);
    const start = values.start ?? 0;
    const shown = (answer.perCpu ?? []).filter(({ cpu }) => cpu >= start && (values.count === null || cpu < start + values.count));
    const showsPerCpu = wantsPerCpu || !values.total;
    output.result(answer, () => [
      ...(showsPerCpu ? shown.flatMap(({ cpu, cpuTimeNs }) => [`CPU${cpu}:`, timeLine('cpu_time', cpuTimeNs)]) : []),
      ...(values.total || !wantsPerCpu ? ['Total:', timeLine('cpu_time', answer.total.cpuTimeNs), timeLine('user_time', answer.total.userTimeNs), timeLine('system_time', answer.total.systemTimeNs)] : []),
    ]);
  },
});

function timeLine(field: string, ns: number): string {
  return `\t${field.padEnd(12)} ${String(Math.floor(ns / 1e9)).padStart(9)}.${String(ns % 1e9).padStart(9, '0')} seconds`;
}

type VcpuStatus = MethodResult<'domainGetVcpus'>['vcpus'][number];

export const vcpuinfo: Command = command({
  name: 'vcpuinfo',
  group: 'domain',
  summary: 'detailed domain vcpu information',
  description: 'Returns basic information about the domain virtual CPUs.',
  options: { domain: domainOption, pretty: { type: 'boolean', help: 'return human readable output' } },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainGetVcpus', { domain: uuid }, { signal: interrupted });
    output.result(answer, () => answer.vcpus.flatMap((vcpu, index) => [...(index > 0 ? [''] : []), ...formatVcpu(vcpu, answer.hostCpus, values.pretty)]));
  },
});

function formatVcpu({ number, hostCpu, state, cpuTimeNs, affinity }: VcpuStatus, hostCpus: number, pretty: boolean): readonly string[] {
  const members = new Set(affinity);
  const map = Array.from({ length: hostCpus }, (_, cpu) => (members.has(cpu) ? 'y' : '-')).join('');
  const rows: [string, string][] = [
    ['VCPU:', String(number)],
    ['CPU:', hostCpu === null ? 'N/A' : String(hostCpu)],
    ['State:', state ?? 'N/A'],
    ...(cpuTimeNs === 0 ? [] : ([['CPU time:', cpuTimeNs === null ? 'N/A' : `${(cpuTimeNs / 1e9).toFixed(1)}s`]] as [string, string][])),
    ['CPU Affinity:', pretty ? `${formatCpuSet(affinity)} (out of ${hostCpus})` : map],
  ];
  return rows.map(([label, value]) => `${label.padEnd(15)} ${value}`);
}

export const vcpucount: Command = command({
  name: 'vcpucount',
  group: 'domain',
  summary: 'domain vcpu counts',
  description: 'Returns the number of virtual CPUs used by the domain.',
  options: {
    domain: domainOption,
    maximum: { type: 'boolean', help: 'get maximum count of vcpus' },
    active: { type: 'boolean', help: 'get number of currently active vcpus' },
    live: { type: 'boolean', help: 'get value from running domain' },
    config: { type: 'boolean', help: 'get value to be used on next boot' },
    current: { type: 'boolean', help: 'get value according to current domain state' },
  },
  async run({ client, output, interrupted }, values) {
    for (const [one, other] of [['live', 'config'], ['current', 'live'], ['current', 'config'], ['active', 'maximum']] as const) assertExclusive(values, one, other);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const counts = await host.call('domainGetVcpusFlags', { domain: uuid }, { signal: interrupted });
    const { maximum, active, live, config, current } = values;
    if (!maximum && !active && !live && !config && !current) {
      const line = (which: 'maximum' | 'current', where: 'config' | 'live'): readonly string[] => (counts[where] ? [`${which.padEnd(12)} ${where.padEnd(12)} ${String(counts[where][which]).padStart(3)}`] : []);
      return output.result(counts, () => [...line('maximum', 'config'), ...line('maximum', 'live'), ...line('current', 'config'), ...line('current', 'live')]);
    }
    const chosen = config ? counts.config : live ? counts.live : (counts.live ?? counts.config);
    if (!chosen) throw new CommandError('OPERATION_INVALID', config ? 'transient domains do not have any persistent config' : 'domain is not running');
    const count = maximum ? chosen.maximum : chosen.current;
    output.result({ count }, () => [String(count)]);
  },
});

export const iothreadinfo: Command = command({
  name: 'iothreadinfo',
  group: 'domain',
  summary: 'view domain IOThreads',
  description: 'Returns basic information about the domain IOThreads.',
  options: {
    domain: domainOption,
    config: { type: 'boolean', help: 'affect next boot' },
    live: { type: 'boolean', help: 'affect running domain' },
    current: { type: 'boolean', help: 'affect current domain' },
  },
  async run({ client, output, interrupted }, values) {
    for (const other of ['live', 'config'] as const) assertExclusive(values, 'current', other);
    const host = await client();
    const { uuid, id } = await lookUp(host, values.domain, interrupted);
    const failure = 'Unable to get domain IOThreads information';
    if (values.live && id === null) throw new CommandError('OPERATION_INVALID', `${failure}: domain is not running`);
    const answer = await attempt(host, failure, 'domainGetIOThreadInfo', { domain: uuid, config: values.config }, interrupted);
    if (answer.iothreads.length === 0) return output.done(answer, 'No IOThreads found for the domain');
    output.result(answer, () => formatTable(['IOThread ID', 'CPU Affinity'], answer.iothreads.map((thread) => [String(thread.id), formatCpuSet(thread.affinity)]), { withHead: !output.quiet }));
  },
});
