/**
 * How far a long job is, in one structure for the screen, the tray, the command line and a migration's cookie (B9).
 * The fields are libvirt 11.3's job parameters, grouped; what QEMU or the peer does not tell is null, never zero.
 */
import type { VireoError } from '../base/errors.ts';
import type { AsyncKind } from './kinds.ts';

/** libvirt's job types: `bounded` while the end can be foretold, the last three once the outcome is known. */
export type JobType = 'bounded' | 'unbounded' | 'completed' | 'failed' | 'cancelled';

/** libvirt's virDomainJobOperation: what the user asked for, which is not always the kind of job that does it. */
export type JobOperation = 'start' | 'save' | 'restore' | 'dump' | 'snapshot' | 'snapshot revert' | 'snapshot delete' | 'backup' | 'migration in' | 'migration out';

export interface MemoryStatistics {
  readonly totalBytes: number | null;
  readonly processedBytes: number | null;
  readonly remainingBytes: number | null;
  readonly constantPages: number | null;
  readonly normalPages: number | null;
  readonly normalBytes: number | null;
  readonly speedBytesPerSecond: number | null;
  readonly dirtyRatePagesPerSecond: number | null;
  readonly pageSizeBytes: number | null;
  readonly iteration: number | null;
  readonly postcopyRequests: number | null;
}

export interface DiskStatistics {
  readonly totalBytes: number | null;
  readonly processedBytes: number | null;
  readonly remainingBytes: number | null;
  readonly speedBytesPerSecond: number | null;
  /** Of a backup in pull mode: what its scratch files hold and may grow to. */
  readonly temporaryUsedBytes: number | null;
  readonly temporaryTotalBytes: number | null;
}

/** XBZRLE's cache and what it saved. */
export interface CompressionStatistics {
  readonly cacheBytes: number | null;
  readonly compressedBytes: number | null;
  readonly pages: number | null;
  readonly cacheMisses: number | null;
  readonly overflows: number | null;
}

export interface JobStatistics {
  readonly type: JobType;
  readonly operation: JobOperation;
  /** Since the job began, through all its phases. */
  readonly elapsedMs: number;
  /** The two `Net` times leave out what the cookie spent on its way between the hosts. */
  readonly elapsedNetMs: number | null;
  readonly remainingMs: number | null;
  readonly setupMs: number | null;
  /** What QEMU expects while it runs; `downtimeMs` is what it was. */
  readonly expectedDowntimeMs: number | null;
  readonly downtimeMs: number | null;
  readonly downtimeNetMs: number | null;
  readonly memory: MemoryStatistics;
  readonly disk: DiskStatistics;
  readonly compression: CompressionStatistics;
  readonly autoConvergeThrottlePercent: number | null;
  /** Null while the job runs. */
  readonly success: boolean | null;
  readonly errorMessage: string | null;
}

type Group = 'memory' | 'disk' | 'compression';
type Scalar = Exclude<keyof JobStatistics, Group | 'type' | 'elapsedMs' | 'success' | 'errorMessage'>;

/** What a job's owner reports: only the fields that are new; the engine knows the age and the outcome. */
export type JobReport = { readonly [S in Scalar]?: JobStatistics[S] } & { readonly [G in Group]?: Partial<JobStatistics[G]> };

/** How a job ended, or null while it runs. */
export type JobOutcome = { readonly type: 'completed' } | { readonly type: 'failed' | 'cancelled'; readonly errorMessage: string };

const operations: Readonly<Record<AsyncKind, JobOperation>> = {
  start: 'start',
  save: 'save',
  dump: 'dump',
  snapshot: 'snapshot',
  backup: 'backup',
  'migration-out': 'migration out',
  'migration-in': 'migration in',
};

/** A job that has just begun: nothing is known but its operation. */
export function initialStatistics(kind: AsyncKind): JobStatistics {
  return Object.freeze({
    type: 'unbounded',
    operation: operations[kind],
    elapsedMs: 0,
    elapsedNetMs: null,
    remainingMs: null,
    setupMs: null,
    expectedDowntimeMs: null,
    downtimeMs: null,
    downtimeNetMs: null,
    memory: Object.freeze({
      totalBytes: null,
      processedBytes: null,
      remainingBytes: null,
      constantPages: null,
      normalPages: null,
      normalBytes: null,
      speedBytesPerSecond: null,
      dirtyRatePagesPerSecond: null,
      pageSizeBytes: null,
      iteration: null,
      postcopyRequests: null,
    }),
    disk: Object.freeze({ totalBytes: null, processedBytes: null, remainingBytes: null, speedBytesPerSecond: null, temporaryUsedBytes: null, temporaryTotalBytes: null }),
    compression: Object.freeze({ cacheBytes: null, compressedBytes: null, pages: null, cacheMisses: null, overflows: null }),
    autoConvergeThrottlePercent: null,
    success: null,
    errorMessage: null,
  });
}

/** The structure with what was reported put in; the one given stays as it is. */
export function withReport(statistics: JobStatistics, report: JobReport): JobStatistics {
  const merged = {
    ...statistics,
    ...report,
    memory: Object.freeze({ ...statistics.memory, ...report.memory }),
    disk: Object.freeze({ ...statistics.disk, ...report.disk }),
    compression: Object.freeze({ ...statistics.compression, ...report.compression }),
  };
  return Object.freeze({ ...merged, type: merged.remainingMs === null ? 'unbounded' : 'bounded' });
}

/** The structure at one moment: how old the job is, and how it ended if it did. */
export function statisticsAt(statistics: JobStatistics, elapsedMs: number, outcome: JobOutcome | null): JobStatistics {
  // Milliseconds are whole for scripts, as in libvirt; a clock that is read out of order must not show a negative age.
  const age = Math.max(0, Math.round(elapsedMs));
  if (!outcome) return Object.freeze({ ...statistics, elapsedMs: age });
  const success = outcome.type === 'completed';
  const errorMessage = outcome.type === 'completed' ? null : outcome.errorMessage;
  return Object.freeze({ ...statistics, type: outcome.type, elapsedMs: age, remainingMs: success ? 0 : statistics.remainingMs, success, errorMessage });
}

/** A job that was aborted is cancelled, whoever asked for it; every other error is a failure. */
export function outcomeOf(error: VireoError | null): JobOutcome {
  if (!error) return { type: 'completed' };
  return { type: error.code === 'OPERATION_ABORTED' ? 'cancelled' : 'failed', errorMessage: error.message };
}

/** libvirt's `data_*`: memory and disks together, null where neither is known. */
export function dataProgress({ memory, disk }: JobStatistics): { readonly totalBytes: number | null; readonly processedBytes: number | null; readonly remainingBytes: number | null } {
  const sum = (a: number | null, b: number | null): number | null => (a === null && b === null ? null : (a ?? 0) + (b ?? 0));
  return {
    totalBytes: sum(memory.totalBytes, disk.totalBytes),
    processedBytes: sum(memory.processedBytes, disk.processedBytes),
    remainingBytes: sum(memory.remainingBytes, disk.remainingBytes),
  };
}
