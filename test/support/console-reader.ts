/** Collects what a console session gives, and waits for conditions on it with a deadline. */
import type { ConsoleItem, ConsoleNotice, ConsoleSession } from '../../core/console/console-types.ts';

export class ConsoleReader {
  readonly items: ConsoleItem[] = [];
  readonly session: ConsoleSession;
  #store = Buffer.alloc(65_536);
  #length = 0;

  constructor(session: ConsoleSession) {
    this.session = session;
  }

  get bytes(): Buffer {
    return this.#store.subarray(0, this.#length);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  get notices(): ConsoleNotice[] {
    return this.items.filter((item) => item.type === 'notice');
  }

  get gaps(): ConsoleItem[] {
    return this.items.filter((item) => item.type === 'gap');
  }

  /** Reads until `enough` holds. @throws with what was read when `withinMs` pass first. */
  async until(enough: (reader: ConsoleReader) => boolean, withinMs = 5_000): Promise<this> {
    const deadline = AbortSignal.timeout(withinMs);
    while (!enough(this)) {
      const item = await this.session.read(deadline).catch((error: unknown) => {
        throw new Error(`not read within ${withinMs} ms; the last of ${this.bytes.length} bytes: ${JSON.stringify(this.text.slice(-200))}`, { cause: error });
      });
      if (item === null) throw new Error(`the console ended after ${JSON.stringify(this.text.slice(-200))}`);
      this.#take(item);
    }
    return this;
  }

  untilText(text: string, withinMs = 5_000): Promise<this> {
    const end = Buffer.from(text, 'latin1');
    return this.until(({ bytes }) => bytes.subarray(-end.length).equals(end), withinMs);
  }

  /** Reads to the end of the console. */
  async toEnd(withinMs = 5_000): Promise<this> {
    const deadline = AbortSignal.timeout(withinMs);
    for (let item = await this.session.read(deadline); item; item = await this.session.read(deadline)) this.#take(item);
    return this;
  }

  #take(item: ConsoleItem): void {
    this.items.push(item);
    if (item.type !== 'bytes') return;
    // Grown by doubling: a reader that takes quadratic time would itself be the slow watcher.
    const { length } = item.bytes;
    if (this.#length + length > this.#store.length) this.#store = Buffer.concat([this.bytes], 2 * (this.#length + length));
    this.#store.set(item.bytes, this.#length);
    this.#length += length;
  }
}

/** Waits until `holds`, asking every few milliseconds. */
export async function eventually(holds: () => boolean, withinMs = 5_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`did not come true within ${withinMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
