/** Waiting until QEMU has written a dump, and saying how far it is. */
import { VireoError } from '../base/errors.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { QmpResult } from '../monitor/commands.ts';
import type { ProcessContext } from './process-context.ts';

type DumpStatus = QmpResult<'query-dump'>;

/** Often enough for a progress bar; the end is told by an event. */
const pollMs = 200;
/** The event with QEMU's words follows the state; one that was sent while no driver listened never comes. */
const graceMs = 1_000;

/** Hears how a dump ended; there before QEMU is told to dump, for a small one is complete before the answer is read. */
export class DumpWatch implements Disposable {
  readonly #told = new AbortController();
  readonly #subscription: Disposable;
  /** QEMU's words about a dump that failed. */
  error: string | null = null;

  constructor(live: LiveDomain) {
    this.#subscription = live.qmpEvents.on((event) => {
      if (event.event !== 'DUMP_COMPLETED') return;
      this.error = event.data.error ?? null;
      this.#told.abort();
    });
  }

  get told(): AbortSignal {
    return this.#told.signal;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}

/**
 * Resolves when the dump that QEMU works on is complete. It takes as long as it takes: ending the domain ends it.
 * @throws OPERATION_FAILED in QEMU's words, or that the domain is not running.
 */
export async function waitForDump(context: ProcessContext, live: LiveDomain, job: AsyncJob<'dump'>, watch: DumpWatch): Promise<void> {
  const stop = AbortSignal.any([watch.told, live.died]);
  const beganMs = context.clock.now();
  for (;;) {
    const { value: status } = await job.nest((monitor) => monitor.query('query-dump'));
    report(job, status, context.clock.now() - beganMs);
    if (status.status !== 'active') {
      if (status.status === 'failed') await context.clock.sleep(graceMs, stop);
      return judge(status.status, watch.error);
    }
    await context.clock.sleep(pollMs, stop);
  }
}

function judge(status: DumpStatus['status'], error: string | null): void {
  if (status === 'completed') return;
  const why = status === 'none' ? 'QEMU works on none' : (error ?? 'QEMU does not say why');
  throw new VireoError('OPERATION_FAILED', `memory-only dump failed: ${why}`);
}

function report(job: AsyncJob<'dump'>, { total, completed }: DumpStatus, elapsedMs: number): void {
  const remainingBytes = Math.max(0, total - completed);
  const bytesPerMs = elapsedMs > 0 ? completed / elapsedMs : 0;
  job.report({
    remainingMs: bytesPerMs > 0 ? Math.round(remainingBytes / bytesPerMs) : null,
    memory: { totalBytes: total, processedBytes: completed, remainingBytes, speedBytesPerSecond: bytesPerMs > 0 ? Math.round(bytesPerMs * 1000) : null },
  });
}
