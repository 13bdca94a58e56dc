/** domstats: everything that is counted, of one or all domains, under libvirt's names. */
import { type StatisticsGroup, domainFilters, statisticsGroups } from '../../core/statistics/statistics-record.ts';
import { type Command, command } from '../command.ts';
import { lookUp } from '../domain-call.ts';

const groupHelp: Readonly<Record<StatisticsGroup, string>> = {
  state: 'report domain state',
  'cpu-total': 'report domain physical cpu usage',
  balloon: 'report domain balloon statistics',
  vcpu: 'report domain virtual cpu information',
  interface: 'report domain network interface information',
  block: 'report domain block device statistics',
  perf: 'report domain perf event statistics',
  iothread: 'report domain IOThread information',
  memory: 'report domain memory usage',
  dirtyrate: 'report domain dirty rate information',
  vm: 'report hypervisor-specific statistics',
};
const flag = (help: string): { readonly type: 'boolean'; readonly help: string } => ({ type: 'boolean', help });
const groupOptions = Object.fromEntries(statisticsGroups.map((group) => [group, flag(groupHelp[group])]));
const filterOptions = Object.fromEntries(domainFilters.map((filter) => [`list-${filter}`, flag(`list only ${filter === 'other' ? 'domains in other states' : `${filter} domains`}`)]));

export const domstats: Command = command({
  name: 'domstats',
  group: 'monitor',
  summary: 'get statistics about one or multiple domains',
  description: 'Gets statistics about one or more (or all) domains',
  options: {
    ...groupOptions,
    ...filterOptions,
    raw: { type: 'boolean', help: 'do not pretty-print the fields' },
    enforce: { type: 'boolean', help: 'enforce requested stats parameters' },
    backing: { type: 'boolean', help: 'add backing chain information to block stats' },
    nowait: { type: 'boolean', help: 'report only stats that are accessible instantly' },
    domain: { type: 'strings', help: 'list of domains to get stats for' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const named = values.domain as readonly string[];
    const domains: string[] = [];
    for (const reference of named) domains.push((await lookUp(host, reference, interrupted)).uuid);
    const isGiven = (name: string): boolean => values[name as keyof typeof values] === true;
    const request = {
      domains,
      groups: statisticsGroups.filter(isGiven),
      filters: domainFilters.filter((filter) => isGiven(`list-${filter}`)),
      backing: isGiven('backing'),
      enforce: isGiven('enforce'),
      nowait: isGiven('nowait'),
    };
    const { records } = await host.call('connectGetAllDomainStats', request, { signal: interrupted });
    output.result({ records }, () => records.flatMap(({ domain, parameters }, index) => [...(index > 0 ? [''] : []), `Domain: '${domain.name}'`, ...Object.entries(parameters).map(([name, value]) => `  ${name}=${formatValue(value)}`)]));
    // Numbers that are missing must not be taken for numbers that do not exist.
    if (!output.json && !request.nowait) for (const { domain, incomplete } of records) if (incomplete !== null) output.notice(`some statistics of '${domain.name}' are missing: ${incomplete}`);
  },
});

function formatValue(value: number | string | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
