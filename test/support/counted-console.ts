/**
 * A client that watches the boot sector's flood (F) and proves what it got: every byte has its offset, every line is
 * the next number, and what is missing is exactly the gap that was told. What QEMU itself says again or gives up is held
 * against its log (flood-log.ts). Nothing else is forgiven.
 */
import type { Client } from '../../core/api/client.ts';
import { greeting } from './boot-sector.ts';

export interface Stretch {
  readonly offset: number;
  readonly bytes: Buffer;
}

export class CountedConsole implements Disposable {
  readonly mode: 'write' | 'watch';
  readonly #stream: { send(bytes: Uint8Array): Promise<void>; close(): void };
  readonly #received: Received;

  private constructor(stream: { readonly opened: { readonly mode: 'write' | 'watch' }; send(bytes: Uint8Array): Promise<void>; close(): void }, received: Received) {
    this.#stream = stream;
    this.mode = stream.opened.mode;
    this.#received = received;
  }

  static async open(client: Client, domain: string): Promise<CountedConsole> {
    const received = new Received();
    const stream = await client.openStream('domainOpenConsole', { domain, mode: 'write' }, {
      onBytes(bytes, offset, acknowledge) {
        received.bytes(offset, Buffer.from(bytes));
        acknowledge();
      },
      onMessage: (message) => void (message.type === 'gap' && received.gap(message.from, message.to)),
      onEnd: () => received.end(),
    });
    return new CountedConsole(stream, received);
  }

  /** What came between gaps, in order; the client's own loss, an offset that does not follow, throws. */
  get stretches(): readonly Stretch[] {
    return this.#received.stretches();
  }

  /** The last bytes, for conditions. */
  get tail(): string {
    return this.#received.tail();
  }

  get received(): number {
    return this.#received.total;
  }

  type(text: string): Promise<void> {
    return this.#stream.send(Buffer.from(text, 'latin1'));
  }

  /** Resolves when `enough` holds. @throws with the last bytes after `withinMs`, or when the console ends. */
  async until(enough: (console: this) => boolean, withinMs = 30_000): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (!enough(this)) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || this.#received.ended) throw new Error(`the console ${this.#received.ended ? 'ended' : `gave not enough in ${withinMs} ms`}: ${this.received} bytes, at last ${JSON.stringify(this.tail)}`);
      await this.#received.more(leftMs);
    }
  }

  [Symbol.dispose](): void {
    this.#stream.close();
  }
}

class Received {
  total = 0;
  ended = false;
  #end: number | null = null;
  #chunks: { readonly offset: number; readonly pieces: Buffer[] }[] = [];
  #wrong: string | null = null;
  #wake = (): void => {};

  bytes(offset: number, bytes: Buffer): void {
    const follows = this.#end === offset;
    if (this.#end !== null && !follows) this.#wrong ??= `bytes at ${offset} after ${this.#end}`;
    const last = this.#chunks.at(-1);
    if (last && follows && last.pieces.length > 0) last.pieces.push(bytes);
    else this.#chunks.push({ offset, pieces: [bytes] });
    this.#end = offset + bytes.length;
    this.total += bytes.length;
    this.#wake();
  }

  gap(from: number, to: number): void {
    if (this.#end !== null && this.#end !== from) this.#wrong ??= `a gap at ${from} after ${this.#end}`;
    this.#end = to;
    this.#chunks.push({ offset: to, pieces: [] });
    this.#wake();
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  stretches(): readonly Stretch[] {
    if (this.#wrong !== null) throw new Error(`the stream is not whole: ${this.#wrong}`);
    return this.#chunks.filter(({ pieces }) => pieces.length > 0).map(({ offset, pieces }) => ({ offset, bytes: Buffer.concat(pieces) }));
  }

  tail(): string {
    return Buffer.concat(this.#chunks.at(-1)?.pieces.slice(-50) ?? []).toString('latin1').slice(-100);
  }

  more(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, atMostMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** What the guest said after its greeting. */
export function afterGreeting(bytes: Buffer): Buffer {
  const at = bytes.indexOf(greeting);
  if (at < 0) throw new Error('there is no greeting');
  return bytes.subarray(at + greeting.length);
}
