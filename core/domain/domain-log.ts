/** The log of one domain: command line, environment, QEMU's own words, start and stop with their reasons. */
import { type FileHandle, open, stat } from 'node:fs/promises';

export class DomainLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** One line with the time before it, in UTC as libvirt writes it. */
  async line(text: string, wallTimeMs: number): Promise<void> {
    const handle = await open(this.path, 'a', 0o600);
    try {
      await handle.write(`${new Date(wallTimeMs).toISOString().replace('T', ' ').replace('Z', '+0000')}: ${text}\n`);
    } finally {
      await handle.close();
    }
  }

  /** Opened for QEMU to append to; the caller closes it. */
  async openForAppend(): Promise<FileHandle> {
    return open(this.path, 'a', 0o600);
  }

  /** The file's size, 0 where there is none. */
  async size(): Promise<number> {
    return stat(this.path).then((facts) => facts.size, () => 0);
  }

  /** At most `maximumBytes` from the end, beginning with a whole line; nothing before offset `from`. */
  async tail(maximumBytes: number, from = 0): Promise<string> {
    const handle = await open(this.path, 'r').catch(() => null);
    if (!handle) return '';
    try {
      const { size } = await handle.stat();
      const start = Math.max(from, size - maximumBytes);
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(Math.max(0, size - start)), position: start });
      const text = buffer.subarray(0, bytesRead).toString('utf8');
      return start > from ? text.slice(text.indexOf('\n') + 1) : text;
    } finally {
      await handle.close();
    }
  }
}
