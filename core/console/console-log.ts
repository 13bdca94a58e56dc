/**
 * The file QEMU appends a console's output to, read only, through one descriptor: a log that is renamed away stays the
 * one that QEMU writes. A log that cannot be read is an empty one; consoles work without.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Log } from '../base/log.ts';

export class ConsoleLog implements AsyncDisposable {
  readonly path: string;
  readonly #log: Log;
  #handle: FileHandle | null = null;
  #told = false;

  constructor(path: string, log: Log) {
    this.path = path;
    this.#log = log;
  }

  /** Bytes in the file now. */
  async size(): Promise<number> {
    try {
      return (await (await this.#open()).stat()).size;
    } catch (error) {
      this.#tellOnce(error);
      return 0;
    }
  }

  /** At most `length` bytes from `from`; shorter where the file ends. */
  async read(from: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    try {
      const handle = await this.#open();
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, from + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      this.#tellOnce(error);
    }
    return bytes.subarray(0, filled);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => {});
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    const opened = await open(this.path, 'r');
    if (this.#handle) await opened.close();
    else this.#handle = opened;
    return this.#handle;
  }

  #tellOnce(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#log.write('warning', 'console log cannot be read: what leaves memory is lost', { path: this.path, error: String(error) });
  }
}
