/** The commands that only look: dominfo, domstate. */
import type { MethodResult } from '../../core/api/contract.ts';
import { taintMeaning } from '../../core/domain/taints.ts';
import { type Command, command, domainOption } from '../command.ts';
import { lookUp } from '../domain-call.ts';

export const dominfo: Command = command({
  name: 'dominfo',
  group: 'monitor',
  summary: 'domain information',
  description: 'Returns basic information about the domain.',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const domain = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainGetInfo', { domain: domain.uuid }, { signal: interrupted });
    output.result(answer, () => formatDominfo(answer));
  },
});

function formatDominfo(answer: MethodResult<'domainGetInfo'>): readonly string[] {
  const { summary } = answer;
  const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');
  const rows: [string, string][] = [
    ['Id', summary.id === null ? '-' : String(summary.id)],
    ['Name', summary.name],
    ['UUID', summary.uuid],
    ['OS Type', 'hvm'],
    ['State', summary.state],
    ['CPU(s)', String(answer.vcpus)],
    ...(answer.cpuTimeNs ? ([['CPU time', `${formatSeconds(answer.cpuTimeNs)}s`]] as [string, string][]) : []),
    ['Max memory', `${answer.maximumMemoryKiB} KiB`],
    ['Used memory', `${answer.memoryKiB} KiB`],
    ['Persistent', yesOrNo(summary.persistent)],
    ['Autostart', answer.autostart ? 'enable' : 'disable'],
    ['Managed save', yesOrNo(summary.hasManagedSave)],
    ['Security model', 'none'],
    ['Security DOI', '0'],
  ];
  const messages = summary.taints.map((taint, at) => `${(at === 0 ? 'Messages:' : '').padEnd(15)} tainted: ${taintMeaning(taint)}`);
  return [...rows.map(([label, value]) => `${`${label}:`.padEnd(15)} ${value}`), ...messages];
}

/** One decimal, cut and not rounded, as virsh shows it. */
function formatSeconds(ns: number): string {
  return (Math.floor(ns / 1e8) / 10).toFixed(1);
}

export const domstate: Command = command({
  name: 'domstate',
  group: 'monitor',
  summary: 'domain state',
  description: 'Returns state about a domain.',
  options: { domain: domainOption, reason: { type: 'boolean', help: 'also print reason for the state' } },
  async run({ client, output, interrupted }, values) {
    const domain = await lookUp(await client(), values.domain, interrupted);
    output.result(domain, () => [values.reason ? `${domain.state} (${domain.reason})` : domain.state]);
  },
});
