/** What is counted of a domain, under libvirt's names, and which of it is wanted. Windows import this: plain values only. */

/** virDomainStatsTypes by virsh's names, in the order in which they stand in a record. */
export const statisticsGroups = ['state', 'cpu-total', 'balloon', 'vcpu', 'interface', 'block', 'perf', 'iothread', 'memory', 'dirtyrate', 'vm'] as const;
export type StatisticsGroup = (typeof statisticsGroups)[number];

/** What a window that draws curves asks for, once for all the domains that it shows: a millisecond or two each. */
export const graphGroups: readonly StatisticsGroup[] = ['state', 'cpu-total', 'balloon', 'interface', 'block'];

/** Which domains are meant; of each row both or neither means all of it. */
export const domainFilters = ['active', 'inactive', 'persistent', 'transient', 'running', 'paused', 'shutoff', 'other'] as const;
export type DomainFilter = (typeof domainFilters)[number];

/** Fields by libvirt's names (`block.0.rd.bytes`), in its order. What nobody knows is not there. */
export type StatisticsParameters = Record<string, number | string | boolean>;

export interface DomainStatistics {
  readonly domain: { readonly uuid: string; readonly name: string; readonly id: number | null };
  /** By a clock that is never set back, in milliseconds. */
  readonly sampledAtMs: number;
  readonly parameters: StatisticsParameters;
  /** Why what only the monitor tells is missing; null where nothing is. */
  readonly incomplete: string | null;
}
