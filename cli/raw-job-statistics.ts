/** `domjobinfo --rawstats`: the statistics under libvirt's own names (libvirt-domain.h, 11.3), for programs that know them. */
import { type JobOperation, type JobStatistics, type JobType, dataProgress } from '../core/job/job-statistics.ts';

const typeNumbers: Readonly<Record<JobType, number>> = { bounded: 1, unbounded: 2, completed: 3, failed: 4, cancelled: 5 };
const operationNumbers: Readonly<Record<JobOperation, number>> = { start: 1, save: 2, restore: 3, 'migration in': 4, 'migration out': 5, snapshot: 6, 'snapshot revert': 7, dump: 8, backup: 9, 'snapshot delete': 10 };

/** What is not known has no line. */
export function formatRawStatistics(statistics: JobStatistics | null): readonly string[] {
  if (!statistics) return ['Job type: 0', ''];
  const { memory, disk, compression } = statistics;
  const data = dataProgress(statistics);
  const isRunning = statistics.success === null;
  const fields: readonly (readonly [name: string, value: number | string | null])[] = [
    ['operation', operationNumbers[statistics.operation]],
    ['time_elapsed', statistics.elapsedMs],
    ['time_elapsed_net', statistics.elapsedNetMs],
    ['time_remaining', statistics.type === 'bounded' ? statistics.remainingMs : null],
    ['downtime', isRunning ? (statistics.downtimeMs ?? statistics.expectedDowntimeMs) : statistics.downtimeMs],
    ['downtime_net', statistics.downtimeNetMs],
    ['setup_time', statistics.setupMs],
    ['data_total', data.totalBytes],
    ['data_processed', data.processedBytes],
    ['data_remaining', data.remainingBytes],
    ['memory_total', memory.totalBytes],
    ['memory_processed', memory.processedBytes],
    ['memory_remaining', memory.remainingBytes],
    ['memory_bps', memory.speedBytesPerSecond],
    ['memory_constant', memory.constantPages],
    ['memory_normal', memory.normalPages],
    ['memory_normal_bytes', memory.normalBytes],
    ['memory_dirty_rate', memory.dirtyRatePagesPerSecond],
    ['memory_iteration', memory.iteration],
    ['memory_postcopy_requests', memory.postcopyRequests],
    ['memory_page_size', memory.pageSizeBytes],
    ['disk_total', disk.totalBytes],
    ['disk_processed', disk.processedBytes],
    ['disk_remaining', disk.remainingBytes],
    ['disk_bps', disk.speedBytesPerSecond],
    ['disk_temp_used', disk.temporaryUsedBytes],
    ['disk_temp_total', disk.temporaryTotalBytes],
    ['compression_cache', compression.cacheBytes],
    ['compression_bytes', compression.compressedBytes],
    ['compression_pages', compression.pages],
    ['compression_cache_misses', compression.cacheMisses],
    ['compression_overflow', compression.overflows],
    ['auto_converge_throttle', statistics.autoConvergeThrottlePercent],
    ['success', statistics.success === null ? null : Number(statistics.success)],
    ['errmsg', statistics.errorMessage],
  ];
  return [`Job type: ${typeNumbers[statistics.type]}`, '', ...fields.flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))];
}
