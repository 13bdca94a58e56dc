/**
 * What a command does beside a migration that runs: shows how far it is, in virsh's line on standard error, acts when it
 * takes too long, and asks for its end when the command is interrupted. Nothing here fails the migration.
 */
import type { Client } from '../core/api/client.ts';
import { asVireoError } from '../core/base/errors.ts';
import { dataProgress } from '../core/job/job-statistics.ts';
import type { CommandContext } from './command.ts';

const lookEveryMs = 500;
const askTimeoutMs = 10_000;

export interface WatchedMigration {
  readonly uuid: string;
  /** Aborts with `done` or `failed` when the migration is over. */
  readonly over: AbortSignal;
  readonly verbose: boolean;
  readonly timeoutS: number | null;
  readonly atTimeout: 'suspend' | 'postcopy';
  /** Switches to post-copy when the memory was sent once. */
  readonly afterFirstPass: boolean;
}

export async function watchMigration(context: CommandContext, client: Client, watched: WatchedMigration): Promise<void> {
  const { uuid, over, verbose } = watched;
  const { clock, interrupted, stderr } = context;
  const cancel = (): void => void tryTo(context, 'the migration cannot be cancelled now', client.call('domainAbortJob', { domain: uuid }, { timeoutMs: askTimeoutMs }), over);
  interrupted.addEventListener('abort', cancel, { once: true, signal: over });
  if (interrupted.aborted) cancel();
  const startedMs = clock.now();
  let timedOut = watched.timeoutS === null;
  let switched = !watched.afterFirstPass;
  let shown = false;
  const show = (percent: number): void => {
    if (!verbose || context.output.json) return;
    shown = true;
    stderr.write(`\rMigration: [${percent.toFixed(2).padStart(5)} %]`);
  };
  for (await clock.sleep(lookEveryMs, over); !over.aborted; await clock.sleep(lookEveryMs, over)) {
    const answer = await client.call('domainGetJobStats', { domain: uuid }, { signal: over, timeoutMs: askTimeoutMs }).catch(() => null);
    const statistics = answer?.statistics ?? null;
    if (statistics && !over.aborted) {
      const { totalBytes, remainingBytes } = dataProgress(statistics);
      // What is not over is not shown as 100 %.
      if (totalBytes && remainingBytes !== null) show(Math.min(99.99, Math.floor(Math.max(0, 1 - remainingBytes / totalBytes) * 10_000) / 100));
      if (!switched && (statistics.memory.iteration ?? 0) >= 2) {
        switched = true;
        void tryTo(context, 'switching to post-copy failed', client.call('domainMigrateStartPostCopy', { domain: uuid }, { timeoutMs: askTimeoutMs }), over);
      }
    }
    if (!timedOut && clock.now() - startedMs >= (watched.timeoutS ?? 0) * 1_000 && !over.aborted) {
      timedOut = true;
      void (watched.atTimeout === 'postcopy'
        ? tryTo(context, 'migration timed out, and switching to post-copy failed', client.call('domainMigrateStartPostCopy', { domain: uuid }, { timeoutMs: askTimeoutMs }), over)
        : tryTo(context, 'migration timed out, and suspending domain failed', client.call('domainSuspend', { domain: uuid }, { timeoutMs: askTimeoutMs }), over));
    }
  }
  if (over.reason === 'done') show(100);
  if (shown) stderr.write('\n');
}

/** What fails because the migration is over is of no interest. */
async function tryTo({ output }: CommandContext, what: string, work: Promise<unknown>, over: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!over.aborted && !output.json) output.notice(`${what}: ${asVireoError(thrown).message}`);
  }
}
