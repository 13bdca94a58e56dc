/**
 * What a domain used of CPU, memory, disks and network in the last minutes, as a curve is drawn from it: one point a
 * sample. A new run begins a new history; where nobody sampled for a while the curve has a gap and no invented mean.
 */
import { type UsageRates, usageRates } from '../../core/statistics/usage-rates.ts';
import type { DomainStatistics, StatisticsParameters } from '../../core/statistics/statistics-record.ts';

export interface UsagePoint {
  /** Of the wall clock, for the axis. */
  readonly atMs: number;
  /** Null in a gap. */
  readonly rates: UsageRates | null;
}

export interface UsageHistory {
  /** Oldest first. */
  readonly points: readonly UsagePoint[];
  readonly last: DomainStatistics | null;
}

export const emptyHistory: UsageHistory = { points: [], last: null };

/** How far back the curves go. */
export const historyMs = 3 * 60_000;
/** Samples further apart than this have a gap between them: the window was hidden, or the host was busy. */
const longestStepMs = 10_000;
/** More points than this nobody can see, however often somebody samples. */
const maximumPoints = 600;

export function withRecord(history: UsageHistory, record: DomainStatistics, atMs: number): UsageHistory {
  const { last } = history;
  if (!last || last.domain.id !== record.domain.id || record.sampledAtMs <= last.sampledAtMs) return { points: [], last: record };
  const isGap = record.sampledAtMs - last.sampledAtMs > longestStepMs;
  const rates = isGap ? null : usageRates(last, record);
  if (!isGap && rates === null) return history; // too close to the one before to say anything
  const kept = history.points.filter((point) => point.atMs > atMs - historyMs && point.atMs < atMs);
  return { points: [...kept, { atMs, rates }].slice(-maximumPoints), last: record };
}

/** Whether the host counts what goes over a domain's network cards: those of user networking it does not see. */
export function networkCounting(parameters: StatisticsParameters): 'none' | 'uncounted' | 'counted' {
  const cards = Array.from({ length: countOf(parameters, 'net') }, (_, index) => parameters[`net.${index}.rx.bytes`] !== undefined);
  if (cards.length === 0) return 'none';
  return cards.some((isCounted) => isCounted) ? 'counted' : 'uncounted';
}

export function diskCount(parameters: StatisticsParameters): number {
  return countOf(parameters, 'block');
}

function countOf(parameters: StatisticsParameters, group: 'net' | 'block'): number {
  const count = parameters[`${group}.count`];
  return typeof count === 'number' ? count : 0;
}
