/** One reader of a console port, perhaps its writer: its own place in the stream and the words that lie on its way. */
import { abortable } from '../base/lifetime.ts';
import { VireoError, invariant } from '../base/errors.ts';
import type { ConsoleItem, ConsoleMode, ConsoleSession, ConsoleWord } from './console-types.ts';
import type { ConsoleStream } from './console-stream.ts';
import type { Contender, InputOwnership } from './input-ownership.ts';

/** What a session asks of its port. */
export interface SessionPort {
  readonly stream: ConsoleStream;
  /** Nothing more will come. */
  readonly ended: boolean;
  readonly ownership: InputOwnership<PortSession>;
  write(session: PortSession, bytes: Uint8Array): Promise<void>;
  sendBreak(session: PortSession, send: (signal: AbortSignal) => Promise<void>): Promise<void>;
  leave(session: PortSession): void;
}

/** A reader who does not read hears only the newest words. */
const maximumWords = 100;

export class PortSession implements ConsoleSession, Contender {
  readonly id: string;
  readonly label: string;
  readonly from: number;
  readonly sinceMs: number;
  readonly #port: SessionPort;
  readonly #words: { readonly at: number; readonly item: ConsoleWord }[] = [];
  #next: number;
  #reading = false;
  #disposed = false;
  #wakers: (() => void)[] = [];

  constructor(port: SessionPort, { id, label, from, sinceMs }: { readonly id: string; readonly label: string; readonly from: number; readonly sinceMs: number }) {
    this.#port = port;
    this.id = id;
    this.label = label;
    this.from = from;
    this.sinceMs = sinceMs;
    this.#next = from;
  }

  get mode(): ConsoleMode {
    return this.#port.ownership.isWriter(this) ? 'write' : 'watch';
  }

  async read(signal: AbortSignal): Promise<ConsoleItem | null> {
    invariant(!this.#reading, 'one read at a time on a console session');
    this.#reading = true;
    try {
      for (;;) {
        signal.throwIfAborted();
        // Taken before looking, so that what comes while we look wakes us.
        const woken = new Promise<void>((resolve) => this.#wakers.push(resolve));
        if (this.#disposed) return null;
        // Asked before looking as well: what the end brought while we looked is still to be read.
        const { ended } = this.#port;
        const item = await this.#nextItem();
        if (item) return item;
        if (ended) return null;
        await abortable(woken, signal);
      }
    } finally {
      this.#reading = false;
      this.#wakers.length = 0;
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#port.write(this, bytes);
  }

  requestWrite(force: boolean): void {
    this.#refuseOnceDisposed();
    this.#port.ownership.take(this, force);
  }

  ask(): void {
    this.#refuseOnceDisposed();
    this.#port.ownership.ask(this);
  }

  withdraw(): void {
    this.#port.ownership.withdraw(this);
  }

  handOver(to: string): void {
    this.#port.ownership.handOver(this, to);
  }

  decline(to: string): void {
    this.#port.ownership.decline(this, to);
  }

  release(): void {
    this.#port.ownership.release(this);
  }

  sendBreak(send: (signal: AbortSignal) => Promise<void>): Promise<void> {
    return this.#port.sendBreak(this, send);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#port.leave(this);
    this.wake();
  }

  /** Puts a word into the stream at the place where it is now. */
  notify(item: ConsoleWord): void {
    // Only the newest list of requests counts, and a flood of them must not push out who took the input.
    if (item.type === 'requests' && this.#words.at(-1)?.item.type === 'requests') this.#words.pop();
    this.#words.push({ at: this.#port.stream.end, item });
    if (this.#words.length > maximumWords) this.#words.shift();
    this.wake();
  }

  /** There may be something to read. */
  wake(): void {
    for (const waker of this.#wakers.splice(0)) waker();
  }

  #refuseOnceDisposed(): void {
    if (this.#disposed) throw new VireoError('OPERATION_INVALID', 'this console session has ended');
  }

  async #nextItem(): Promise<ConsoleItem | null> {
    const [word] = this.#words;
    if (word && word.at <= this.#next) return this.#words.shift()!.item;
    const { stream } = this.#port;
    const limit = Math.min(stream.released, word?.at ?? stream.released);
    if (this.#next >= limit) return null;
    const item = await stream.read(this.#next, limit);
    this.#next = item.type === 'gap' ? item.to : item.offset + item.bytes.length;
    return item;
  }
}
