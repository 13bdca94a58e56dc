/**
 * How long a migration lasted for the guest (I7). The source's cookie says by the source's clock when the job began, when
 * the CPUs stopped and when it was sent; what this host's clock says when it comes is how far the clocks differ, and how
 * long the cookie was on its way. Shifted by that, both times are right but for the way of one message.
 */
import type { CookieStatistics } from '../cookie/cookie-statistics.ts';

export interface MigrationTimes {
  readonly totalMs: number | null;
  readonly downtimeMs: number | null;
  /** How much this host's clock is ahead, with the time that the cookie took; null where the source said nothing. */
  readonly deltaMs: number | null;
}

/** @param receivedMs when the cookie came, @param ranMs when the CPUs ran here (or the guest was there whole, paused): this host's wall clock. */
export function migrationTimes(statistics: Pick<CookieStatistics, 'startedMs' | 'stoppedMs' | 'sentMs'> | null, receivedMs: number, ranMs: number): MigrationTimes {
  if (!statistics || statistics.sentMs === 0) return { totalMs: null, downtimeMs: null, deltaMs: null };
  const deltaMs = receivedMs - statistics.sentMs;
  const since = (sourceMs: number): number | null => (sourceMs === 0 ? null : Math.max(0, Math.round(ranMs - (sourceMs + deltaMs))));
  const downtimeMs = since(statistics.stoppedMs);
  const totalMs = since(statistics.startedMs);
  return { totalMs, downtimeMs: downtimeMs !== null && totalMs !== null ? Math.min(downtimeMs, totalMs) : downtimeMs, deltaMs };
}
