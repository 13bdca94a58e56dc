/** One reader of a console port, perhaps its writer: its own place in the stream and the notices that lie on its way. */
import { abortable } from '../base/lifetime.ts';
import { invariant } from '../base/errors.ts';
import type { ConsoleItem, ConsoleMode, ConsoleNotice, ConsoleSession } from './console-types.ts';
import type { ConsoleStream } from './console-stream.ts';

/** What a session asks of its port. */
export interface SessionPort {
  readonly stream: ConsoleStream;
  /** Nothing more will come. */
  readonly ended: boolean;
  isWriter(session: PortSession): boolean;
  write(session: PortSession, bytes: Uint8Array): Promise<void>;
  takeInput(session: PortSession, force: boolean): void;
  releaseInput(session: PortSession): void;
  leave(session: PortSession): void;
}

/** A reader who does not read hears only of the newest changes. */
const maximumNotices = 100;

export class PortSession implements ConsoleSession {
  readonly id: string;
  readonly label: string;
  readonly #port: SessionPort;
  readonly #notices: { readonly at: number; readonly item: ConsoleNotice }[] = [];
  #next: number;
  #reading = false;
  #disposed = false;
  #wakers: (() => void)[] = [];

  constructor(port: SessionPort, id: string, label: string, from: number) {
    this.#port = port;
    this.id = id;
    this.label = label;
    this.#next = from;
  }

  get mode(): ConsoleMode {
    return this.#port.isWriter(this) ? 'write' : 'watch';
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
        const item = await this.#nextItem();
        if (item) return item;
        if (this.#port.ended) return null;
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
    this.#port.takeInput(this, force);
  }

  release(): void {
    this.#port.releaseInput(this);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#port.leave(this);
    this.wake();
  }

  /** Puts a notice into the stream at the place where it is now. */
  notify(item: ConsoleNotice): void {
    this.#notices.push({ at: this.#port.stream.end, item });
    if (this.#notices.length > maximumNotices) this.#notices.shift();
    this.wake();
  }

  /** There may be something to read. */
  wake(): void {
    for (const waker of this.#wakers.splice(0)) waker();
  }

  async #nextItem(): Promise<ConsoleItem | null> {
    const [notice] = this.#notices;
    if (notice && notice.at <= this.#next) return this.#notices.shift()!.item;
    const { stream } = this.#port;
    const limit = Math.min(stream.released, notice?.at ?? stream.released);
    if (this.#next >= limit) return null;
    const item = await stream.read(this.#next, limit);
    this.#next = item.type === 'gap' ? item.to : item.offset + item.bytes.length;
    return item;
  }
}
