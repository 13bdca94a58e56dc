/**
 * A save image as what a run begins with (J2). A raw one is read by QEMU itself, which inherits the open file; a packed
 * one comes through its program, whose output is a socket that QEMU listens on.
 */
import { readFile } from 'node:fs/promises';
import { type Socket, createConnection } from 'node:net';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { abortable, settlesWithin } from '../base/lifetime.ts';
import type { Incoming } from '../process/incoming.ts';
import type { StartState } from '../process/start-state.ts';
import { FilterProcess } from './filter-process.ts';
import { aboutImage } from './image-error.ts';
import { isAligned, stateOffset } from './image-header.ts';
import { type FilterProgram, readerProgram } from './save-formats.ts';
import type { OpenSaveImage } from './save-image.ts';
import { MigrationWatch, untilMigrated } from './state-migration.ts';

/** A program that failed has said why by then. */
const lastWordsMs = 2_000;

export interface SavedStateOptions {
  readonly wasRunning: boolean;
  readonly bypassCache: boolean;
}

/** @throws OPERATION_FAILED naming the program that is missing. The image stays its owner's, and open until the start is over. */
export async function savedState(image: OpenSaveImage, { wasRunning, bypassCache }: SavedStateOptions): Promise<Incoming> {
  const reader = await readerProgram(image.format, { bypassCache, isAligned: isAligned(image.header) });
  return {
    from: 'save image',
    wasRunning,
    descriptors: reader === null ? [image.handle.fd] : [],
    load: async (start) => {
      try {
        await (reader === null ? loadItself(start, image) : loadThrough(start, image, reader));
      } catch (error) {
        throw aboutImage(image.file, `the save image '${image.file}' cannot be restored`, error);
      }
    },
  };
}

async function loadItself(start: StartState, image: OpenSaveImage): Promise<void> {
  const descriptor = start.numberInQemu(image.handle.fd);
  await load(start, image, `fd:${descriptor}`, async () => await placeOf(start.live.facts.process.pid, descriptor));
}

async function loadThrough(start: StartState, image: OpenSaveImage, program: FilterProgram): Promise<void> {
  const socket = path.join(start.launch.runFolder, 'restore');
  const running: { reader: FilterProcess | null } = { reader: null };
  const begin = async (): Promise<void> => {
    running.reader = new FilterProcess(program, image.handle.fd, await connectTo(socket, start.live.died));
  };
  try {
    const place = async (): Promise<number | null> => (running.reader?.pid ? await placeOf(running.reader.pid, 0) : null);
    await load(start, image, `unix:${socket}`, place, begin).catch(async (error: unknown) => {
      // QEMU only knows that there was no more; what became of the program is the reason.
      if (running.reader && !start.live.died.aborted && (await settlesWithin(running.reader.done, start.context.clock, lastWordsMs))) await running.reader.done;
      throw error;
    });
    await abortable(running.reader?.done ?? Promise.resolve(), start.live.died);
  } finally {
    running.reader?.[Symbol.dispose]();
  }
}

/** QEMU listens when it has answered. Nothing may be read from the socket here: it is another program's in a moment. */
function connectTo(file: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: file, signal });
    socket.pause();
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function load({ context, live, job }: StartState, image: OpenSaveImage, uri: string, place: () => Promise<number | null>, begin: () => Promise<void> = async () => {}): Promise<void> {
  const from = stateOffset(image.header);
  using watch = new MigrationWatch(live);
  job.report({ operation: 'restore' });
  await job.nest((monitor) => monitor.execute('migrate-incoming', { uri }));
  await begin();
  let isLoaded = false;
  const stop = new AbortController().signal; // whoever gives up ends the run
  await untilMigrated(live, job, watch, {
    clock: context.clock,
    stop,
    onStatus: (status) => {
      if (status.status === 'failed') throw new VireoError('OPERATION_FAILED', status['error-desc'] ?? 'QEMU cannot read it');
      // A guest that was loaded meanwhile needs no report any more.
      void place().then((at) => (at === null || isLoaded ? null : reportPlace(job, image.sizeBytes - from, at - from))).catch(() => {});
    },
  }).finally(() => (isLoaded = true));
}

/** QEMU counts nothing of what comes in (7.2); how far the file has been read is known to the system. */
function reportPlace(job: StartState['job'], totalBytes: number, readBytes: number): void {
  const processedBytes = Math.max(0, Math.min(totalBytes, readBytes));
  job.report({ memory: { totalBytes, processedBytes, remainingBytes: totalBytes - processedBytes } });
}

async function placeOf(pid: number, descriptor: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8').catch(() => '');
  const found = /^pos:\s*(\d+)/m.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
