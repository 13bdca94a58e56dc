/** The statistics of a long job as they travel through a door; the structure and its meaning are core/job's. */
import { z } from 'zod';
import type { JobStatistics } from '../job/job-statistics.ts';

const known = z.number().nullable();

export const jobStatisticsSchema = z.object({
  type: z.enum(['bounded', 'unbounded', 'completed', 'failed', 'cancelled']),
  operation: z.enum(['start', 'save', 'restore', 'dump', 'snapshot', 'snapshot revert', 'snapshot delete', 'backup', 'migration in', 'migration out']),
  elapsedMs: z.number(),
  elapsedNetMs: known,
  remainingMs: known,
  setupMs: known,
  expectedDowntimeMs: known,
  downtimeMs: known,
  downtimeNetMs: known,
  memory: z.object({
    totalBytes: known,
    processedBytes: known,
    remainingBytes: known,
    constantPages: known,
    normalPages: known,
    normalBytes: known,
    speedBytesPerSecond: known,
    dirtyRatePagesPerSecond: known,
    pageSizeBytes: known,
    iteration: known,
    postcopyRequests: known,
  }),
  disk: z.object({
    totalBytes: known,
    processedBytes: known,
    remainingBytes: known,
    speedBytesPerSecond: known,
    temporaryUsedBytes: known,
    temporaryTotalBytes: known,
  }),
  compression: z.object({ cacheBytes: known, compressedBytes: known, pages: known, cacheMisses: known, overflows: known }),
  autoConvergeThrottlePercent: known,
  success: z.boolean().nullable(),
  errorMessage: z.string().nullable(),
}) satisfies z.ZodType<JobStatistics>;
