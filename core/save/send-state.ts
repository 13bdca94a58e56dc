/** Has QEMU send a guest's state into a file, and waits until all of it is there. */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { asVireoError } from '../base/errors.ts';
import { abortable, settlesWithin } from '../base/lifetime.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { ProcessContext } from '../process/process-context.ts';
import type { FilterProgram } from './save-formats.ts';
import { MigrationWatch, reportOf, untilMigrated } from './state-migration.ts';
import { StateSink } from './state-sink.ts';

export interface SendOptions {
  /** Of the file, its place where the state is to begin. */
  readonly handle: FileHandle;
  readonly program: FilterProgram;
  /** Ends the waiting; the caller then has QEMU end it too. */
  readonly stop: AbortSignal;
}

/** A program that failed has said why by then. */
const lastWordsMs = 2_000;

/** @throws OPERATION_FAILED in the writer's words or QEMU's, why `stop` aborted, or that the domain is not running. */
export async function sendState(context: ProcessContext, live: LiveDomain, job: AsyncJob<'save'> | AsyncJob<'dump'>, { handle, program, stop }: SendOptions): Promise<void> {
  const { clock } = context;
  await using sink = await StateSink.open({ socket: path.join(live.facts.runFolder, 'save'), fd: handle.fd, program, clock });
  await using _writingBack = writeBack(handle, clock);
  using watch = new MigrationWatch(live);
  stop.throwIfAborted();
  await job.nest((monitor) => monitor.execute('migrate', { uri: sink.uri }));
  try {
    await untilMigrated(live, job, watch, {
      clock,
      stop,
      onStatus: (status) => {
        const report = reportOf(status);
        if (report) job.report(report);
      },
    });
  } catch (error) {
    // QEMU only knows that its socket broke; what became of the writer is the reason.
    if (!stop.aborted && !live.died.aborted && (await settlesWithin(sink.done, clock, lastWordsMs))) await sink.done;
    throw asVireoError(error);
  }
  await abortable(sink.done, AbortSignal.any([stop, live.died]));
}

const writeBackMs = 50;

/** Keeps the disk at work while the state comes in, so that little is left to wait for at the end. */
function writeBack(handle: FileHandle, clock: Clock): AsyncDisposable {
  const over = new AbortController();
  const work = async (): Promise<void> => {
    for (; !over.signal.aborted; await clock.sleep(writeBackMs, over.signal)) await handle.datasync();
  };
  const done = work().catch(() => {}); // a disk that fails is seen at the commit
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await done;
    },
  };
}
