/** How far the copies of disks are, in bytes that are counted here and nowhere else. */
import type { AsyncJob } from '../../job/handles.ts';
import type { MigrationProgress } from '../progress/migration-progress.ts';
import type { PlannedDisk } from './copy-plan.ts';
import type { MirrorWatch } from './mirror-watch.ts';

/** Two looks nearer to each other would measure the queue, not the link. */
const measuredOverMs = 400;

/** How fast bytes go, from two looks at least so far apart. */
export class ByteRate {
  #from: { readonly atMs: number; readonly bytes: number } | null = null;
  #bytesPerSecond: number | null = null;

  /** Null until it can be told. */
  look(bytes: number, atMs: number): number | null {
    const tookMs = this.#from ? atMs - this.#from.atMs : 0;
    if (this.#from && tookMs < measuredOverMs) return this.#bytesPerSecond;
    if (this.#from) this.#bytesPerSecond = Math.round((Math.max(0, bytes - this.#from.bytes) / tookMs) * 1000);
    this.#from = { atMs, bytes };
    return this.#bytesPerSecond;
  }
}

/** One question for all of them. What it shows of jobs whose events are still under way, `watch` learns. */
export async function lookAtMirrors(job: AsyncJob, progress: MigrationProgress | null, disks: readonly PlannedDisk[], watch: MirrorWatch, rate: (bytes: number) => number | null): Promise<number> {
  const { value: jobs } = await job.nest((monitor) => monitor.query('query-block-jobs'));
  let totalBytes = 0;
  let processedBytes = 0;
  for (const { target, alias } of disks) {
    const found = jobs.find(({ device }) => device === alias);
    if (!found) continue;
    totalBytes += found.len;
    processedBytes += found.offset;
    if (found.ready && !watch.of(alias).isReady) watch.learn(alias, { isReady: true });
    if (!watch.of(alias).hasEnded) progress?.disk(target, { state: watch.of(alias).isReady ? 'mirroring' : 'copying', totalBytes: found.len, processedBytes: found.offset });
  }
  job.report({ disk: { totalBytes, processedBytes, remainingBytes: totalBytes - processedBytes, speedBytesPerSecond: rate(processedBytes) } });
  return processedBytes;
}
