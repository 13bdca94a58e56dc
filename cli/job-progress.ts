/** A long job as the command shows it: virsh's line, written again and again; a Ctrl + C asks the job to end. */
import type { Client } from '../core/api/client.ts';
import type { CommandContext } from './command.ts';

const progressMs = 500;

/** Shows how far the domain's job is until `done` aborts; only people see it. */
export async function showProgress({ output, stdout, clock }: CommandContext, client: Client, uuid: string, label: string, done: AbortSignal): Promise<void> {
  if (output.json) return;
  const show = (percent: number): boolean => stdout.write(`\r${label}: [${String(percent).padStart(3)} %]`);
  for (; !done.aborted; await clock.sleep(progressMs, done)) {
    const answer = await client.call('domainGetJobStats', { domain: uuid }, { signal: done }).catch(() => null);
    const memory = answer?.statistics?.memory;
    // Pages that hold nothing are through without a byte: what is left says more than what was sent.
    if (memory?.totalBytes) show(Math.floor((1 - (memory.remainingBytes ?? memory.totalBytes) / memory.totalBytes) * 100));
  }
}

export interface LongWork<T> {
  /** Null shows nothing. */
  readonly progress: string | null;
  readonly work: () => Promise<T>;
}

/** Does `work`, which is a job of the domain: whoever interrupts the command asks the job to end, and learns what came of it. */
export async function asJob<T>(context: CommandContext, client: Client, uuid: string, { progress, work }: LongWork<T>): Promise<T> {
  const done = new AbortController();
  const shown = progress === null ? null : showProgress(context, client, uuid, progress, done.signal);
  const onInterrupt = (): void => void client.call('domainAbortJob', { domain: uuid }).catch(() => {}); // too late for it: the work tells how it ended
  context.interrupted.addEventListener('abort', onInterrupt, { once: true });
  try {
    const result = await work();
    done.abort();
    await shown;
    if (progress !== null && !context.output.json) context.stdout.write(`\r${progress}: [100 %]`);
    return result;
  } finally {
    context.interrupted.removeEventListener('abort', onInterrupt);
    done.abort();
  }
}
