/** What is being done to a domain: domcontrol, domjobinfo, domjobabort. */
import type { MethodResult } from '../../core/api/contract.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { formatJobStatistics } from '../job-statistics-lines.ts';
import { formatRawStatistics } from '../raw-job-statistics.ts';

export const domcontrol: Command = command({
  name: 'domcontrol',
  group: 'monitor',
  summary: 'domain control interface state',
  description: 'Returns state of a control interface to the domain.',
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainGetControlInfo', { domain: uuid }, { signal: interrupted });
    output.result(answer, () => [formatControl(answer)]);
  },
});

/** virsh's words for virDomainControlState. */
const controlWords = { ok: 'ok', job: 'background job', occupied: 'occupied', error: 'error: monitor failure' } as const;

function formatControl({ state, forMs }: MethodResult<'domainGetControlInfo'>): string {
  return state === 'ok' ? controlWords.ok : `${controlWords[state]} (${(forMs / 1000).toFixed(3)}s)`;
}

export const domjobinfo: Command = command({
  name: 'domjobinfo',
  group: 'domain',
  summary: 'domain job information',
  description: 'Returns information about jobs running on a domain.',
  options: {
    domain: domainOption,
    completed: { type: 'boolean', help: 'return statistics of a recently completed job' },
    'keep-completed': { type: 'boolean', help: "don't destroy statistics of a recently completed job when read" },
    rawstats: { type: 'boolean', help: 'print the raw data returned by the API' },
    anystats: { type: 'boolean', help: 'print statistics for any kind of job (even failed ones)' },
  },
  async run({ client, output, interrupted }, values) {
    if (values['keep-completed'] && !values.completed) throw new CommandError('INVALID_ARG', 'Option --completed is required by option --keep-completed');
    const { completed } = values; // kept always: reading destroys nothing here
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const { statistics, holder } = await host.call('domainGetJobStats', { domain: uuid, completed }, { signal: interrupted });
    output.result(statistics && holder ? { ...statistics, holder } : statistics, () => values.rawstats ? formatRawStatistics(statistics) : [...formatJobStatistics(statistics, values.anystats || completed), ...formatHolder(holder)]);
  },
});

/** What virsh has no words for: who holds the job, how far it is, and whether it is to end. */
function formatHolder(holder: MethodResult<'domainGetJobStats'>['holder']): readonly string[] {
  if (!holder) return [];
  const rows: [string, string][] = [
    ['Held by:', `${holder.owner} (${holder.client})`],
    ...(holder.phase === null ? [] : ([['Phase:', holder.phase]] as [string, string][])),
    ...(holder.parkedUntilMs === null ? [] : ([['Waits until:', new Date(holder.parkedUntilMs).toISOString()]] as [string, string][])),
    ...(holder.abortRequested ? ([['Abort:', 'requested']] as [string, string][]) : []),
  ];
  return rows.map(([label, value]) => `${label.padEnd(17)} ${value}`);
}

export const domjobabort: Command = command({
  name: 'domjobabort',
  group: 'domain',
  summary: 'abort active domain job',
  description: 'Aborts the currently running domain job',
  options: { domain: domainOption, postcopy: { type: 'boolean', help: 'interrupt post-copy migration' } },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (values.postcopy) await host.call('domainAbortJobFlags', { domain: uuid, postcopy: true }, { signal: interrupted });
    else await host.call('domainAbortJob', { domain: uuid }, { signal: interrupted });
    output.result(null, () => []); // virsh says nothing
  },
});
