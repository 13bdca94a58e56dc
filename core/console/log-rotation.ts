/**
 * Keeps a console's log bounded while QEMU goes on appending to it. The oldest part is copied to an archive, and when that
 * is on disk for good its blocks in the log are given back to the file system as a hole. The log's offsets stay what they
 * were, which is what positions in a console's stream are; and QEMU, which writes at the end, is never in the way, so that
 * no byte can be lost (docs/decisions/0015-console-logs-have-holes.md).
 *
 * Where no hole can be made, a log is cut only while no QEMU has it open: it is written anew with nothing in its first part.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from '../base/atomic-file.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import type { LogPiece } from './log-archives.ts';

export interface LogBounds {
  /** When the log has more than this outside archives, its older half is archived. */
  readonly logBytes: number;
  /** Archives that are kept, each of about half as much; at least one, whose name says where the log begins. */
  readonly archives: number;
}

/** Gives blocks of a file back. @throws where the system or the file system cannot. */
export type PunchHole = (file: string, from: number, to: number) => Promise<void>;

export interface LogRotationOptions {
  readonly log: ConsoleLog;
  readonly bounds: LogBounds;
  readonly journal: Log;
  readonly punchHole?: PunchHole;
  readonly clock?: Clock;
}

/** The logs of character devices, among the others of a domain. */
const consoleLogName = /^(serial|console|parallel|channel)\d+\.log$/;
const leftoverName = /^\.(serial|console|parallel|channel)\d+\.log\..*\.new$/;

/** Archives begin and end at whole blocks of every file system, which are what can be given back. */
const alignmentBytes = 65_536;
const copyBytes = 1_048_576;
/**
 * Archiving a flood as it comes copies every byte of it, and takes a third of its speed. So that waits until the flood is
 * over, or the log has so many times what it may; of what has come by then, only as much is copied as is kept.
 */
const floodFactor = 4;
/** A console that says more than this meanwhile is flooding; a serial port, at its fastest, is not. */
const calmMs = 100;
const calmBytes = 131_072;
/** No log comes so far while a program runs for a moment, and every file system's files may. */
const farBytes = 2 ** 40;

export class LogRotation {
  readonly #options: LogRotationOptions;
  readonly #stepBytes: number;
  #position = 0;
  #nextLookAt = 0;
  readonly #hurry = new AbortController();
  #rotating: Promise<void> | null = null;
  #canPunch = true;
  #hasPunched = false;
  #isSwept = false;
  #told = false;

  constructor(options: LogRotationOptions) {
    this.#options = options;
    this.#stepBytes = Math.ceil(options.bounds.logBytes / 8);
  }

  /** The console has said so much; looks at the log now and then, not while it floods, and never twice at a time. */
  grown(position: number): void {
    this.#position = position;
    if (position < this.#nextLookAt || this.#rotating || !this.#canPunch) return;
    this.#nextLookAt = position + this.#stepBytes;
    this.#rotating = this.#rotateWhenCalm().finally(() => (this.#rotating = null));
  }

  /** Resolves when nothing is under way, and has what waits begin at once. */
  async settled(): Promise<void> {
    this.#hurry.abort();
    await this.#rotating;
  }

  /** Archives what is too much. Never throws: a log that cannot be cut goes on growing, which is told once. */
  async rotate(state: 'in use' | 'idle'): Promise<void> {
    const { log, bounds, journal } = this.#options;
    const { archives } = log;
    try {
      const size = await log.size();
      await this.#freeLeftover(size, state);
      if (size - archives.mark <= bounds.logBytes) return;
      if (state === 'in use' && !(await this.#canGiveBack(size))) return;
      const from = archives.mark;
      const to = aligned(size - bounds.logBytes / 2);
      if (to <= from) return;
      const pieces = await this.#archive(from, to);
      archives.raise(to, pieces);
      await this.#free(from, to, state);
      await archives.keepNewest(Math.max(1, bounds.archives));
    } catch (error) {
      if (this.#told) return;
      this.#told = true;
      journal.write('warning', 'a console log cannot be cut, and grows on: nothing of it is lost', { path: log.path, error: String(error) });
    }
  }

  async #rotateWhenCalm(): Promise<void> {
    const { log, bounds, clock = systemClock } = this.#options;
    const { signal } = this.#hurry;
    const mayWait = (): boolean => {
      const outsideBytes = this.#position - log.archives.mark;
      return outsideBytes > bounds.logBytes && outsideBytes < bounds.logBytes * floodFactor && !signal.aborted;
    };
    for (let before = Number.NEGATIVE_INFINITY; mayWait() && this.#position - before > calmBytes; ) {
      before = this.#position;
      await clock.sleep(calmMs, signal);
    }
    await this.rotate('in use');
    this.#nextLookAt = this.#position + this.#stepBytes;
  }

  /** Of a log that has grown for long without us, only as much as is kept. */
  async #archive(from: number, to: number): Promise<readonly LogPiece[]> {
    const { bounds, log } = this.#options;
    const pieceBytes = Math.max(alignmentBytes, aligned(bounds.logBytes / 2));
    const count = Math.max(1, Math.min(Math.floor((to - from) / pieceBytes), bounds.archives));
    // What is less than a piece goes with the first.
    const first = to - from < (count + 1) * pieceBytes ? from : to - count * pieceBytes;
    const pieces: LogPiece[] = [];
    for (let left = count; left > 0; left--) {
      const start = left === count ? first : to - left * pieceBytes;
      const end = to - (left - 1) * pieceBytes;
      const piece = { from: start, to: end, path: log.archives.pathOf(start, end) };
      await copyDurably(log.path, piece);
      pieces.push(piece);
    }
    return pieces;
  }

  /** What was archived but not given back: by a host that died in between, or that could not. */
  async #freeLeftover(size: number, state: 'in use' | 'idle'): Promise<void> {
    const { log } = this.#options;
    const { mark } = log.archives;
    if (this.#isSwept) return;
    this.#isSwept = true;
    const { blocks } = await stat(log.path);
    if (mark > 0 && blocks * 512 > size - mark + alignmentBytes) await this.#free(0, mark, state);
  }

  /** Tried far behind the end, where there is nothing: an archive whose blocks stay in the log would only take room. */
  async #canGiveBack(size: number): Promise<boolean> {
    const { log, journal, punchHole = punchWithFallocate } = this.#options;
    try {
      if (!this.#hasPunched) await punchHole(log.path, aligned(size) + farBytes, aligned(size) + farBytes + alignmentBytes);
      this.#hasPunched = true;
    } catch (error) {
      this.#canPunch = false;
      journal.write('info', 'nothing of a log can be given back while QEMU has it: it is cut when the domain starts again', { path: log.path, error: String(error) });
    }
    return this.#canPunch;
  }

  async #free(from: number, to: number, state: 'in use' | 'idle'): Promise<void> {
    const { log, punchHole = punchWithFallocate } = this.#options;
    if (state === 'in use') return await punchHole(log.path, from, to);
    await punchHole(log.path, from, to).catch(() => writeAnew(log.path, to));
  }
}

/** Brings all console logs of a domain into their bounds before a QEMU opens them. Never throws. */
export async function cutIdleLogs(folder: string, bounds: LogBounds, journal: Log): Promise<void> {
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of names.filter((each) => leftoverName.test(each))) await rm(path.join(folder, name), { force: true }).catch(() => {});
  for (const name of names.filter((each) => consoleLogName.test(each))) {
    await using log = new ConsoleLog(path.join(folder, name), journal);
    await new LogRotation({ log, bounds, journal }).rotate('idle');
  }
}

function aligned(bytes: number): number {
  return Math.floor(bytes / alignmentBytes) * alignmentBytes;
}

/** Util-linux's, on Linux; nothing else gives blocks of a file back from outside. */
async function punchWithFallocate(file: string, from: number, to: number): Promise<void> {
  await promisify(execFile)('fallocate', ['--punch-hole', '--keep-size', '--offset', String(from), '--length', String(to - from), file], { timeout: 60_000 });
}

async function copyDurably(source: string, { from, to, path: target }: LogPiece): Promise<void> {
  const reading = await open(source, 'r');
  try {
    await replace(target, 0o600, (writing) => copyRange(reading, writing, { from, to, at: 0 }));
  } finally {
    await reading.close();
  }
}

/** The same file without its blocks below `mark`, as far as the file system can leave them out. */
async function writeAnew(file: string, mark: number): Promise<void> {
  const reading = await open(file, 'r');
  try {
    const { size, mode, uid, gid } = await reading.stat();
    await replace(file, mode & 0o777, async (writing) => {
      await copyRange(reading, writing, { from: mark, to: size, at: mark });
      await writing.chown(uid, gid);
    });
  } finally {
    await reading.close();
  }
}

async function replace(file: string, mode: number, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID().slice(-12)}.new`);
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}

async function copyRange(reading: FileHandle, writing: FileHandle, { from, to, at }: { readonly from: number; readonly to: number; readonly at: number }): Promise<void> {
  const buffer = Buffer.allocUnsafe(copyBytes);
  for (let offset = from; offset < to; ) {
    const { bytesRead } = await reading.read(buffer, 0, Math.min(copyBytes, to - offset), offset);
    if (bytesRead === 0) throw new Error(`the log ends at ${offset}, before ${to}`);
    for (let written = 0; written < bytesRead; ) {
      written += (await writing.write(buffer, written, bytesRead - written, at + offset - from + written)).bytesWritten;
    }
    offset += bytesRead;
  }
}
