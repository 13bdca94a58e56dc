/** What QEMU says of a migration, in the words of job statistics (B9). */
import type { ReadMonitor } from '../../job/domain-run.ts';
import type { JobReport } from '../../job/job-statistics.ts';
import type { QmpEvents, QmpResult } from '../../monitor/commands.ts';
import { heldThrottlePercent } from './migration-setup.ts';

export type QemuMigrationStatus = QmpEvents['MIGRATION']['status'];

export interface MigrationLook {
  readonly status: QemuMigrationStatus;
  readonly report: JobReport;
  /** QEMU's words about a failure. */
  readonly error: string | null;
  /** Why this guest cannot migrate at all; empty where it can. */
  readonly blockedReasons: readonly string[];
  /** Since QEMU began. */
  readonly totalMs: number | null;
}

/** Ends the waiting for good: nothing more comes from this migration. */
export function isOver(status: QemuMigrationStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'none';
}

/** QEMU has handed the guest over: only the destination has it whole. */
export function isPostcopy(status: QemuMigrationStatus): boolean {
  return status.startsWith('postcopy-');
}

/**
 * One look. QEMU 7.2 says `completed` for a moment before it has worked out its times (total-time 0): that look is taken
 * again, a few times at most.
 */
export async function lookAtMigration(monitor: ReadMonitor): Promise<MigrationLook> {
  for (let again = 5; ; again -= 1) {
    const answer = await monitor.query('query-migrate');
    const isHalf = answer.status === 'completed' && !answer['total-time'] && answer.ram === undefined;
    if (!isHalf || again === 0) return readMigration(answer);
  }
}

/** Pure part of the look. */
export function readMigration(answer: QmpResult<'query-migrate'>): MigrationLook {
  return {
    status: answer.status ?? 'none',
    report: reportOf(answer),
    error: answer['error-desc'] ?? null,
    blockedReasons: answer['blocked-reasons'] ?? [],
    totalMs: answer['total-time'] ?? null,
  };
}

function reportOf({ ram, 'xbzrle-cache': cache, 'cpu-throttle-percentage': throttle, ...answer }: QmpResult<'query-migrate'>): JobReport {
  const number = <K extends string>(name: K, value: number | undefined): { readonly [N in K]?: number } => (value === undefined ? {} : ({ [name]: value } as { [N in K]: number }));
  return {
    ...number('setupMs', answer['setup-time']),
    ...number('expectedDowntimeMs', answer['expected-downtime']),
    ...number('downtimeMs', answer.downtime),
    ...number('autoConvergeThrottlePercent', throttle === undefined || throttle <= heldThrottlePercent ? undefined : throttle),
    ...(ram
      ? {
          memory: {
            totalBytes: ram.total,
            processedBytes: ram.transferred,
            remainingBytes: ram.remaining,
            constantPages: ram.duplicate,
            normalPages: ram.normal,
            normalBytes: ram['normal-bytes'],
            speedBytesPerSecond: Math.round((ram.mbps * 1e6) / 8),
            dirtyRatePagesPerSecond: ram['dirty-pages-rate'],
            pageSizeBytes: ram['page-size'],
            iteration: ram['dirty-sync-count'],
            postcopyRequests: ram['postcopy-requests'],
          },
        }
      : {}),
    ...(cache
      ? { compression: { cacheBytes: cache['cache-size'], compressedBytes: cache.bytes, pages: cache.pages, cacheMisses: cache['cache-miss'], overflows: cache.overflow } }
      : {}),
  };
}
