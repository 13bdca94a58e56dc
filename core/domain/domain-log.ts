/**
 * The log of one domain: command line, environment, QEMU's own words, start and stop with their reasons. It is bounded:
 * the newest part is the file itself, and a few older parts lie beside it, as libvirt's virtlogd keeps them.
 */
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../base/errors.ts';

/** virtlogd's own figures. */
const maximumBytes = 2 * 1024 * 1024;
const keptParts = 3;

/** As `line` begins them; QEMU puts its own times otherwise. */
const ownBeginning = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: /;

/** What others said: a tail of the log without the driver's own lines. */
export function withoutOwnLines(text: string): string {
  return text.split('\n').filter((line) => !ownBeginning.test(line)).join('\n');
}

export class DomainLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** One line with the time before it, in UTC as libvirt writes it. */
  async line(text: string, wallTimeMs: number): Promise<void> {
    const handle = await this.openForAppend();
    try {
      await handle.write(`${new Date(wallTimeMs).toISOString().replace('T', ' ').replace('Z', '+0000')}: ${text}\n`);
    } finally {
      await handle.close();
    }
  }

  /** Opened for QEMU to append to; the caller closes it. A domain whose start was refused has no folder yet. */
  async openForAppend(): Promise<FileHandle> {
    try {
      return await open(this.path, 'a', 0o600);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
      await mkdir(path.dirname(this.path), { recursive: true, mode: 0o700 });
      return await open(this.path, 'a', 0o600);
    }
  }

  /**
   * Begins the file anew where it is large, also while QEMU has it open: its end is copied to the newest part and the file
   * is emptied, so that QEMU, which appends, goes on at its beginning. What is written in between is lost.
   * @returns how many bytes were not kept, null where it was small.
   */
  async cutIfLarge(): Promise<number | null> {
    const size = await this.size();
    if (size < maximumBytes) return null;
    const handle = await open(this.path, 'r+');
    try {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(maximumBytes), position: size - maximumBytes });
      await this.#makeRoom();
      const part = await open(`${this.path}.0`, 'w', 0o600);
      try {
        await part.writeFile(buffer.subarray(0, bytesRead));
      } finally {
        await part.close();
      }
      await handle.truncate(0);
      return size - bytesRead;
    } finally {
      await handle.close();
    }
  }

  async #makeRoom(): Promise<void> {
    for (let part = keptParts - 1; part > 0; part -= 1) {
      await rename(`${this.path}.${part - 1}`, `${this.path}.${part}`).catch((error: unknown) => {
        if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
      });
    }
  }

  /** The file's size, 0 where there is none. */
  async size(): Promise<number> {
    return stat(this.path).then((facts) => facts.size, () => 0);
  }

  /** At most `maximum` bytes from the end, beginning with a whole line; nothing before offset `from`, unless the file was begun anew since. */
  async tail(maximum: number, from = 0): Promise<string> {
    const handle = await open(this.path, 'r').catch(() => null);
    if (!handle) return '';
    try {
      const { size } = await handle.stat();
      const begin = from > size ? 0 : from;
      const start = Math.max(begin, size - maximum);
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(Math.max(0, size - start)), position: start });
      const text = buffer.subarray(0, bytesRead).toString('utf8');
      return start > begin ? text.slice(text.indexOf('\n') + 1) : text;
    } finally {
      await handle.close();
    }
  }
}
