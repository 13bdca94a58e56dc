/**
 * The two files of one timeline: the one that grows and the one before it. Lines are only ever added; a line that a
 * killed driver or a full disk left half written is skipped by readers and closed by the next writer.
 */
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../base/errors.ts';

const defaultMaximumBytes = 4 << 20;
const chunkBytes = 64 * 1024;
/** A line without an end is no line of ours. */
const maximumLineBytes = 1 << 20;

export class TimelineFile {
  readonly path: string;
  readonly #older: string;
  readonly #maximumBytes: number;
  #isMade = false;

  /** @param maximumBytes of each of the two files. */
  constructor(folder: string, maximumBytes = defaultMaximumBytes) {
    this.path = path.join(folder, 'timeline.jsonl');
    this.#older = path.join(folder, 'timeline.1.jsonl');
    this.#maximumBytes = maximumBytes;
  }

  async exists(): Promise<boolean> {
    return (await sizeOf(this.path)) > 0 || (await sizeOf(this.#older)) > 0;
  }

  /** Adds whole lines. @throws what the disk says; some of the lines may be there then, the last of them torn. */
  async append(lines: readonly string[]): Promise<void> {
    if (!this.#isMade) await mkdir(path.dirname(this.path), { recursive: true, mode: 0o700 });
    this.#isMade = true;
    // Before and not after: what cannot be moved away must not grow.
    if ((await sizeOf(this.path)) >= this.#maximumBytes) await rename(this.path, this.#older);
    const handle = await open(this.path, 'a+', 0o600);
    try {
      const opening = (await endsInLine(handle)) ? '' : '\n';
      await handle.writeFile(`${opening}${lines.join('\n')}\n`);
    } finally {
      await handle.close();
    }
  }

  /** Every line, newest first, whole or not, read a piece at a time. Nobody may append meanwhile. */
  async *linesBackwards(): AsyncGenerator<string> {
    for (const file of [this.path, this.#older]) {
      const handle = await openIfThere(file);
      if (!handle) continue;
      try {
        yield* linesOf(handle);
      } finally {
        await handle.close();
      }
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(({ size }) => size, () => 0);
}

async function endsInLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return true;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] === 0x0a;
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function* linesOf(handle: FileHandle): AsyncGenerator<string> {
  let end = (await handle.stat()).size;
  let rest: Buffer = Buffer.alloc(0); // the beginning of a line whose end was read already
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(end - start), position: start });
    const chunk = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
    end = start;
    const first = start === 0 ? -1 : chunk.indexOf(0x0a);
    if (start > 0 && first === -1) {
      rest = chunk.length > maximumLineBytes ? Buffer.alloc(0) : chunk;
      continue;
    }
    rest = chunk.subarray(0, first + 1);
    for (const line of chunk.subarray(first + 1).toString('utf8').split('\n').toReversed()) if (line !== '') yield line;
  }
}
