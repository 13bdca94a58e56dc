/**
 * The file QEMU appends a console's output to, read only, through one descriptor: a log that is renamed away stays the
 * one that QEMU writes. A log that cannot be read is an empty one; consoles work without. Offsets never change: what was
 * archived (log-rotation.ts) is read from its archive, and what is kept nowhere any more is told by `keptFrom`.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Log } from '../base/log.ts';
import { LogArchives } from './log-archives.ts';

const scanBytes = 1_048_576;
/** Nobody frees less of a log than this. */
const blockBytes = 65_536;

export class ConsoleLog implements AsyncDisposable {
  readonly path: string;
  readonly archives: LogArchives;
  readonly #log: Log;
  #handle: FileHandle | null = null;
  #loaded: Promise<void> | null = null;
  #closed = false;
  #told = false;

  constructor(path: string, log: Log) {
    this.path = path;
    this.archives = new LogArchives(path);
    this.#log = log;
  }

  /** Bytes in the file now, those included that were archived. */
  async size(): Promise<number> {
    try {
      const { size } = await (await this.#open()).stat();
      if (size < this.archives.mark) await this.archives.forget();
      return size;
    } catch (error) {
      this.#tellOnce(error);
      return 0;
    } finally {
      if (this.#closed) await this.#close();
    }
  }

  /**
   * At most `length` bytes from `from`; shorter where the file or an archive ends, none where nothing is kept. One read of
   * one file, never two joined: between them the log may be cut and grow again, and the halves would not belong together.
   */
  async read(from: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, await this.readInto(buffer, from));
  }

  /** As `read`, into the caller's memory. @returns how many bytes there were. */
  async readInto(target: Buffer, from: number): Promise<number> {
    try {
      const handle = await this.#open();
      if (from >= this.archives.mark) {
        const { bytesRead } = await handle.read(target, 0, target.length, from);
        // Archived while we read: what we have may be the hole.
        if (from >= this.archives.mark) return bytesRead;
      }
      return await this.#readArchived(target, from);
    } catch (error) {
      this.#tellOnce(error);
      return 0;
    } finally {
      if (this.#closed) await this.#close();
    }
  }

  /** The first offset from `offset` on whose byte is kept; for a log that was read before. */
  keptFrom(offset: number): number {
    return this.archives.keptFrom(offset);
  }

  /** A read that was still under way, or comes afterwards, opens the file once more and closes it itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#close();
  }

  async #readArchived(target: Buffer, from: number): Promise<number> {
    const piece = this.archives.find(from);
    if (!piece) return 0;
    const handle = await open(piece.path, 'r');
    try {
      return (await handle.read(target, 0, Math.min(target.length, piece.to - from), from - piece.from)).bytesRead;
    } finally {
      await handle.close();
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => {});
  }

  async #open(): Promise<FileHandle> {
    if (!this.#handle) {
      const opened = await open(this.path, 'r');
      if (this.#handle) await opened.close();
      else this.#handle = opened;
    }
    const handle = this.#handle;
    await (this.#loaded ??= this.#load(handle));
    return handle;
  }

  async #load(handle: FileHandle): Promise<void> {
    await this.archives.load();
    const { size, blocks } = await handle.stat();
    if (this.archives.mark > 0 || blocks * 512 + blockBytes > size) return;
    this.archives.raise(await holeAtStart(handle, size));
  }

  #tellOnce(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#log.write('warning', 'console log cannot be read: what leaves memory is lost', { path: this.path, error: String(error) });
  }
}

/** Where a hole ends whose archives somebody removed: after the blocks of nothing but zeros at the beginning. */
async function holeAtStart(handle: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(scanBytes);
  for (let at = 0; at < size; at += scanBytes) {
    const { bytesRead } = await handle.read(buffer, 0, scanBytes, at);
    const zeros = leadingZeros(buffer.subarray(0, bytesRead));
    if (zeros < bytesRead || bytesRead === 0) return Math.floor((at + zeros) / blockBytes) * blockBytes;
  }
  return Math.floor(size / blockBytes) * blockBytes;
}

function leadingZeros(bytes: Buffer): number {
  let count = 0;
  while (count < bytes.length && bytes[count] === 0) count++;
  return count;
}
