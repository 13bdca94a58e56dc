/** One viewer of a display: a connection to QEMU of its own, in which only what its owner may do reaches the guest. */
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import type { ConsoleWord } from '../console/console-types.ts';
import type { Contender, InputOwnership } from '../console/input-ownership.ts';
import type { DisplayMode } from './display-types.ts';
import { HeldInput } from './held-input.ts';
import { RfbInputFilter, type ViewerMessage } from './rfb-input-filter.ts';
import { ViewerHandshake, greeting } from './viewer-handshake.ts';

/** Who wants to look together with everybody else. */
const sharedClientInit = Buffer.of(1);
/** A viewer who does not listen hears of the newest changes only. */
const maximumWords = 100;
/** A QEMU that stands still takes nothing more. */
const lastWordsMs = 2_000;

export interface DisplaySessionOptions {
  readonly id: string;
  readonly label: string;
  readonly sinceMs: number;
  /** Open up to ClientInit; the session ends it. */
  readonly connection: Duplex;
  readonly ownership: InputOwnership<DisplaySession>;
  readonly onLeave: (session: DisplaySession) => void;
}

export class DisplaySession implements Contender, Disposable {
  readonly id: string;
  readonly label: string;
  readonly sinceMs: number;
  readonly #options: DisplaySessionOptions;
  readonly #connection: Duplex;
  readonly #ownership: InputOwnership<DisplaySession>;
  readonly #handshake = new ViewerHandshake();
  readonly #filter = new RfbInputFilter();
  readonly #held = new HeldInput();
  /** What the viewer reads: the handshake's answers, then all that QEMU says. It holds QEMU back while nobody reads. */
  readonly #toViewer = new PassThrough();
  #words: ConsoleWord[] = [];
  #hear: ((word: ConsoleWord) => void) | null = null;
  #disposed = false;

  constructor(options: DisplaySessionOptions) {
    const { id, label, sinceMs, connection, ownership } = options;
    this.id = id;
    this.label = label;
    this.sinceMs = sinceMs;
    this.#options = options;
    this.#connection = connection;
    this.#ownership = ownership;
    this.#toViewer.on('error', () => {}); // whoever reads meets it
    this.#toViewer.write(greeting);
    connection.once('close', () => this.#toViewer.end());
    connection.on('error', () => {}); // its close tells
  }

  get mode(): DisplayMode {
    return this.#ownership.isWriter(this) ? 'write' : 'watch';
  }

  /** What the viewer is to be told beside bytes; what came before anybody listened comes first. */
  onWord(hear: (word: ConsoleWord) => void): void {
    this.#hear = hear;
    for (const word of this.#words.splice(0)) hear(word);
  }

  /** Called by the rules of the input. */
  notify(word: ConsoleWord): void {
    if (this.#hear) return this.#hear(word);
    this.#words.push(word);
    if (this.#words.length > maximumWords) this.#words.shift();
  }

  /**
   * What the viewer sees, at the pace at which it is taken. Ends when QEMU hangs up, which the guest's end does, and
   * when the session is disposed. @throws what the viewer's own bytes ended it with (INVALID_ARG).
   */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#toViewer) yield chunk as Buffer;
  }

  /** Resolves once QEMU has taken the viewer's bytes; what must not reach the guest is dropped. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#disposed || this.#connection.destroyed) return;
    try {
      for (const message of this.#filter.push(this.#shakeHands(bytes))) this.#send(message);
    } catch (error) {
      this.#toViewer.destroy(error as Error);
      throw error;
    }
    if (this.#connection.writableNeedDrain) await drained(this.#connection);
  }

  /** The rules of a console's input (core/console/input-ownership.ts) for the keys and the pointer. */
  requestWrite(force: boolean): void {
    if (!this.#disposed) this.#ownership.take(this, force);
  }

  ask(): void {
    if (!this.#disposed) this.#ownership.ask(this);
  }

  withdraw(): void {
    this.#ownership.withdraw(this);
  }

  handOver(to: string): void {
    this.#ownership.handOver(this, to);
  }

  decline(to: string): void {
    this.#ownership.decline(this, to);
  }

  release(): void {
    this.#ownership.release(this);
  }

  /** Called once the input has gone to somebody else: nothing stays pressed. */
  letGo(): void {
    if (this.#connection.destroyed) return;
    for (const message of this.#held.letGo()) this.#connection.write(message);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#options.onLeave(this);
    // What is written still goes out: the last of it lets go of keys.
    this.#toViewer.destroy();
    const connection = this.#connection;
    const timer = setTimeout(() => connection.destroy(), lastWordsMs);
    connection.once('close', () => clearTimeout(timer));
    connection.end(() => connection.destroy());
  }

  /** The bytes from behind the handshake, which begins the picture when it is over. */
  #shakeHands(bytes: Uint8Array): Uint8Array {
    if (this.#handshake.isDone) return bytes;
    const { answer, rest } = this.#handshake.push(bytes);
    if (answer.length > 0) this.#toViewer.write(answer);
    if (this.#handshake.isDone) {
      this.#connection.write(sharedClientInit);
      this.#connection.pipe(this.#toViewer);
    }
    return rest;
  }

  #send(message: ViewerMessage): void {
    if (message.kind !== 'own') {
      if (this.mode !== 'write') return;
      this.#held.sent(message);
    }
    this.#connection.write(message.bytes);
  }
}

/** Resolves when there is room again, or nobody who could take anything. */
function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go);
      stream.off('close', go);
      resolve();
    };
    stream.on('drain', go);
    stream.on('close', go);
  });
}
