/** Records of many domains in one call, side by side: none waits for another, and one that hangs delays nobody. */
import type { Domain } from '../domain/domain.ts';
import { type DomainState, isActiveState } from '../domain/domain-state.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { domainStatistics } from './domain-statistics.ts';
import { inLanes } from './in-lanes.ts';
import { hostInterfaces } from './network-usage.ts';
import { Patience } from './patience.ts';
import { type DomainFilter, type DomainStatistics, type StatisticsGroup, statisticsGroups } from './statistics-record.ts';

export interface AllStatisticsRequest {
  /** By id, UUID or name; empty for all. */
  readonly domains: readonly string[];
  /** Empty for all. */
  readonly groups: readonly StatisticsGroup[];
  readonly filters: readonly DomainFilter[];
  readonly backing: boolean;
  readonly enforce: boolean;
  readonly nowait: boolean;
}

/** In the order in which they were named, or in which the registry has them. Domains that are named and gone are left out, as in libvirt. */
export async function allDomainStatistics(context: ProcessContext, call: Call, request: AllStatisticsRequest): Promise<readonly DomainStatistics[]> {
  const domains = wantedDomains(context, request);
  const records = new Map<Domain, DomainStatistics>();
  using patience = new Patience(context.clock, domains.length, call.signal);
  let interfaces: ReturnType<typeof hostInterfaces> | null = null;
  const shared = {
    groups: new Set(request.groups.length === 0 ? statisticsGroups : request.groups),
    backing: request.backing,
    enforce: request.enforce,
    nowait: request.nowait,
    hostInterfaces: () => (interfaces ??= hostInterfaces()),
  };
  await inLanes(context.clock, domains, async (domain) => {
    if (domain.removed) return patience.settled(domain); // before its turn came
    const record = await domainStatistics(context, call, domain, { ...shared, signal: patience.asked(domain) });
    if (!domain.removed) records.set(domain, record);
    patience.settled(domain);
  });
  return domains.flatMap((domain) => records.get(domain) ?? []);
}

function wantedDomains({ registry }: ProcessContext, { domains, filters }: AllStatisticsRequest): readonly Domain[] {
  const named = domains.flatMap((reference) => registry.look(reference) ?? []);
  const all = domains.length === 0 ? registry.list() : [...new Set(named)];
  return all.filter((domain) => isWanted(domain, new Set(filters)));
}

/** Words of one row are alternatives; a row of which nothing is said admits all. */
const filterRows: readonly (readonly DomainFilter[])[] = [
  ['active', 'inactive'],
  ['persistent', 'transient'],
  ['running', 'paused', 'shutoff', 'other'],
];

function isWanted(domain: Domain, filters: ReadonlySet<DomainFilter>): boolean {
  const is = new Set<DomainFilter>([isActiveState(domain.state) ? 'active' : 'inactive', domain.persistent ? 'persistent' : 'transient', stateFilter(domain.state)]);
  return filterRows.every((row) => row.every((word) => !filters.has(word)) || row.some((word) => filters.has(word) && is.has(word)));
}

function stateFilter(state: DomainState): DomainFilter {
  if (state === 'running' || state === 'paused') return state;
  return state === 'shut off' ? 'shutoff' : 'other';
}
