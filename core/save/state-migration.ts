/**
 * QEMU sends a guest's state, or takes it in: watched until it is over, by its events, and by asking for what no event
 * tells. QEMU 7.2 says `completed` with a total time of 0 while it still cleans up, so that is asked again.
 */
import type { Clock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { JobReport } from '../job/job-statistics.ts';
import { readMigration } from '../migration/qemu/migration-status.ts';
import type { QmpResult } from '../monitor/commands.ts';

export type MigrateStatus = QmpResult<'query-migrate'>;

/** A progress that a person sees move; at first more often, for small guests are through in no time, and a start hears no events. */
const pollMs = 200;
const firstPollMs = 10;
/** The end is a matter of milliseconds then. */
const endingPollMs = 20;
/** How long QEMU may take to call off what it is told to. */
const cancelMs = 10_000;

/** The jobs under which a guest's state moves into or out of a file. */
export type StateJob = AsyncJob<'save'> | AsyncJob<'dump'> | AsyncJob<'start'> | AsyncJob<'migration-in'>;

/** What comes in has no state of its own until its first bytes are there. */
function isDecided({ status }: MigrateStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Hears that the state of the migration changed; there before QEMU is told to begin. */
export class MigrationWatch implements Disposable {
  readonly #subscription: Disposable;
  #changed = false;
  #wake = (): void => {};

  constructor(live: LiveDomain) {
    this.#subscription = live.qmpEvents.on((event) => {
      if (event.event !== 'MIGRATION') return;
      this.#changed = true;
      this.#wake();
    });
  }

  /** What changes from now on ends the next pause, also if it changes before that begins. */
  forget(): void {
    this.#changed = false;
  }

  async pause(clock: Clock, ms: number, over: AbortSignal): Promise<void> {
    if (this.#changed || over.aborted) return;
    const paused = new AbortController();
    const wake = (): void => paused.abort();
    this.#wake = wake;
    over.addEventListener('abort', wake, { once: true });
    await clock.sleep(ms, paused.signal);
    over.removeEventListener('abort', wake);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}

export interface WatchOptions {
  readonly clock: Clock;
  /** Ends the waiting, with its reason. */
  readonly stop: AbortSignal;
  readonly onStatus?: (status: MigrateStatus) => void;
}

/** Resolves when it is complete. @throws OPERATION_FAILED in QEMU's words, or why `stop` aborted. */
export async function untilMigrated(live: LiveDomain, job: StateJob, watch: MigrationWatch, { clock, stop, onStatus }: WatchOptions): Promise<void> {
  const over = AbortSignal.any([stop, live.died]);
  for (let pauseMs = firstPollMs; ; pauseMs = Math.min(pollMs, pauseMs * 1.25)) {
    stop.throwIfAborted();
    watch.forget();
    const { value: status } = await job.nest((monitor) => monitor.query('query-migrate'));
    onStatus?.(status);
    const isEnding = status.status === 'completed' && status['total-time'] === 0;
    if (isDecided(status) && !isEnding) return judge(status);
    await watch.pause(clock, isEnding ? endingPollMs : pauseMs, over);
  }
}

function judge(status: MigrateStatus): void {
  if (status.status === 'completed') return;
  throw new VireoError('OPERATION_FAILED', status['error-desc'] ?? (status.status === 'cancelled' ? 'QEMU called it off' : 'QEMU does not say why'));
}

/** Ends what QEMU sends, if it sends anything. @throws OPERATION_TIMEOUT where QEMU goes on. */
export async function cancelMigration(live: LiveDomain, job: StateJob, clock: Clock): Promise<void> {
  const untilMs = clock.now() + cancelMs;
  for (let told = false; ; told = true) {
    const { value: status } = await job.nest(async (monitor) => {
      if (!told) await monitor.execute('migrate_cancel');
      return await monitor.query('query-migrate');
    });
    if (isDecided(status) || status.status === undefined || status.status === 'none') return;
    if (clock.now() >= untilMs) throw new VireoError('OPERATION_TIMEOUT', 'QEMU does not end the migration that it was told to cancel');
    await clock.sleep(endingPollMs, live.died);
  }
}

/** How far it is, in the words of every long job; null before QEMU counts. */
export function reportOf(status: MigrateStatus): JobReport | null {
  const { report } = readMigration(status);
  const { remainingBytes, speedBytesPerSecond } = report.memory ?? {};
  if (remainingBytes === undefined || remainingBytes === null) return null;
  return { ...report, remainingMs: speedBytesPerSecond ? Math.round((remainingBytes / speedBytesPerSecond) * 1000) : null };
}
