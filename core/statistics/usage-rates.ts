/**
 * What happens in a second, from two records of a domain: the one function behind every curve. Plain values in and out,
 * so that windows use it as it is. What one of the two records does not know has no rate, and neither has a counter that
 * went back: the guest was started anew, or a card was changed.
 */
import type { DomainStatistics, StatisticsParameters } from './statistics-record.ts';

export interface UsageRates {
  /** Of one CPU of the host: a guest with two busy vCPUs has 200. */
  readonly cpuPercent: number | null;
  /** Bytes in a second, of all disks together. */
  readonly diskReadBytes: number | null;
  readonly diskWriteBytes: number | null;
  /** Requests in a second. */
  readonly diskReadRequests: number | null;
  readonly diskWriteRequests: number | null;
  /** Bytes in a second, of all cards that the host counts. */
  readonly networkRxBytes: number | null;
  readonly networkTxBytes: number | null;
  /** As it is, no rate: what the guest itself uses where it reports, else null. */
  readonly memoryUsedKiB: number | null;
  /** What the balloon leaves the guest. */
  readonly memoryKiB: number | null;
  /** What QEMU takes of the host. */
  readonly residentKiB: number | null;
}

/** Samples closer together say nothing: the host counts CPU time in steps of 10 ms. */
const leastMs = 50;

/** @returns null where the two are not of the same run in this order. */
export function usageRates(earlier: DomainStatistics, later: DomainStatistics): UsageRates | null {
  const elapsedMs = later.sampledAtMs - earlier.sampledAtMs;
  if (earlier.domain.uuid !== later.domain.uuid || earlier.domain.id !== later.domain.id || elapsedMs < leastMs) return null;
  const [before, after] = [earlier.parameters, later.parameters];
  const perSecond = (of: (parameters: StatisticsParameters) => number | null): number | null => {
    const [from, to] = [of(before), of(after)];
    return from === null || to === null || to < from ? null : ((to - from) * 1000) / elapsedMs;
  };
  const cpuNs = perSecond((parameters) => number(parameters, 'cpu.time'));
  const block = (field: string): number | null => perSecond((parameters) => sum(parameters, 'block', field));
  const net = (field: string): number | null => perSecond((parameters) => sum(parameters, 'net', field));
  return {
    cpuPercent: cpuNs === null ? null : cpuNs / 1e7,
    diskReadBytes: block('rd.bytes'),
    diskWriteBytes: block('wr.bytes'),
    diskReadRequests: block('rd.reqs'),
    diskWriteRequests: block('wr.reqs'),
    networkRxBytes: net('rx.bytes'),
    networkTxBytes: net('tx.bytes'),
    memoryUsedKiB: usedMemory(after),
    memoryKiB: number(after, 'balloon.current'),
    residentKiB: number(after, 'balloon.rss'),
  };
}

function number(parameters: StatisticsParameters, name: string): number | null {
  const value = parameters[name];
  return typeof value === 'number' ? value : null;
}

/** Null where there is nothing to add up. */
function sum(parameters: StatisticsParameters, group: 'block' | 'net', field: string): number | null {
  const count = number(parameters, `${group}.count`) ?? 0;
  const values = Array.from({ length: count }, (_, index) => number(parameters, `${group}.${index}.${field}`)).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
}

/** What programs could still have (`usable`) is not used; a guest that does not tell it has at least its free memory left. */
function usedMemory(parameters: StatisticsParameters): number | null {
  const available = number(parameters, 'balloon.available');
  const free = number(parameters, 'balloon.usable') ?? number(parameters, 'balloon.unused');
  return available === null || free === null || free > available ? null : available - free;
}
