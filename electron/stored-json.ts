/**
 * A small file of the desktop's own memory (places of windows, the theme): read once, checked, written a moment after
 * the last change. Losing it costs comfort only, so a broken one is as good as none.
 */
import type { z } from 'zod';
import { Emitter } from '../core/base/events.ts';
import { readTextIfThere, writeAtomic } from '../core/base/atomic-file.ts';
import type { Log } from '../core/base/log.ts';

/** Moving a window changes its place many times a second. */
const settleMs = 500;

export class StoredJson<T> {
  readonly changes = new Emitter<T>();
  readonly #file: string;
  readonly #log: Log;
  #value: T;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, log: Log, value: T) {
    this.#file = file;
    this.#log = log;
    this.#value = value;
  }

  static async open<T>(file: string, schema: z.ZodType<T>, fallback: T, log: Log): Promise<StoredJson<T>> {
    return new StoredJson(file, log, await read(file, schema, log) ?? fallback);
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    this.changes.fire(value);
    this.#timer ??= setTimeout(() => void this.flush(), settleMs);
  }

  /** Writes now what waits to be written; never fails. */
  async flush(): Promise<void> {
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = null;
      const text = `${JSON.stringify(this.#value, null, 2)}\n`;
      this.#writing = this.#writing
        .then(() => writeAtomic(this.#file, text))
        .catch((error: unknown) => this.#log.write('warning', 'the desktop cannot remember', { file: this.#file, error: String(error) }));
    }
    await this.#writing;
  }
}

async function read<T>(file: string, schema: z.ZodType<T>, log: Log): Promise<T | null> {
  try {
    const text = await readTextIfThere(file);
    return text === null ? null : schema.parse(JSON.parse(text));
  } catch (error) {
    log.write('warning', 'a file of the desktop is broken and counts as absent', { file, error: String(error) });
    return null;
  }
}
