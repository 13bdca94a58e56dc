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
  #closed = false;
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
    } finally {
      if (this.#closed) await this.#close();
    }
  }

  /**
   * At most `length` bytes from `from`; shorter where the file ends. One read of the file, never two joined: between
   * them the log may be cut and grow again, and the halves would not belong together.
   */
  async read(from: number, length: number): Promise<Buffer> {
    try {
      const handle = await this.#open();
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      this.#tellOnce(error);
      return Buffer.alloc(0);
    } finally {
      if (this.#closed) await this.#close();
    }
  }

  /** A read that was still under way, or comes afterwards, opens the file once more and closes it itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#close();
  }

  async #close(): Promise<void> {
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
