/** A channel over a connected local socket, or whatever carries bytes both ways: the wire messages in frames, both directions bounded. */
import type { Duplex } from 'node:stream';
import { Emitter } from '../base/events.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import { type Frame, FrameSplitter, encodeFrame } from '../transport/frames.ts';
import type { Channel, WireMessage } from './channel.ts';

/** What waits for a side that does not read; beyond it the connection ends, so that nobody's memory is its backlog. */
const maximumWaitingBytes = 16 << 20;

/** How long a closed channel tries to get rid of what was sent before. */
const flushTimeoutMs = 2_000;

export interface LocalChannelOptions {
  /** Hears why the connection ended, when it was not by either side's wish; called at most once, before onClose. */
  readonly onProblem?: (problem: VireoError) => void;
}

/** Takes over the socket. Nothing is read before the first listener for messages is there. */
export function localChannel(socket: Duplex, options: LocalChannelOptions = {}): Channel {
  return new LocalChannel(socket, options);
}

class LocalChannel implements Channel {
  readonly #socket: Duplex;
  readonly #messages = new Emitter<unknown>();
  readonly #closed = new Emitter<void>();
  readonly #splitter = new FrameSplitter();
  readonly #onProblem: (problem: VireoError) => void;
  #open = true;
  #reading = false;

  constructor(socket: Duplex, options: LocalChannelOptions) {
    this.#socket = socket;
    this.#onProblem = options.onProblem ?? (() => {});
    socket.on('error', (error) => this.#end(asVireoError(error)));
    socket.on('close', () => this.#end(null));
    socket.on('end', () => this.#end(null));
    if (socket.destroyed) this.#end(null);
  }

  send(message: WireMessage): void {
    if (!this.#open) return;
    const pieces = encodeFrame(toFrame(message));
    if (this.#socket.writableLength > maximumWaitingBytes) {
      return this.#end(new VireoError('RPC', `the other side does not read: ${this.#socket.writableLength} bytes wait for it`));
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  onMessage(listener: (message: unknown) => void): Disposable {
    const subscription = this.#messages.on(listener);
    if (!this.#reading) {
      this.#reading = true;
      this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    }
    return subscription;
  }

  onClose(listener: () => void): Disposable {
    return this.#closed.on(listener);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.end(() => this.#socket.destroy()); // what was sent goes out first
    const timer = setTimeout(() => this.#socket.destroy(), flushTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
    queueMicrotask(() => this.#closed.fire());
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.push(chunk)) {
        if (!this.#open) return;
        this.#messages.fire(fromFrame(frame));
      }
    } catch (error) {
      this.#end(asVireoError(error));
    }
  }

  #end(problem: VireoError | null): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.destroy();
    // Not before the caller of `send` is back: it may be in the middle of noting down what it waits for.
    queueMicrotask(() => {
      if (problem) this.#onProblem(problem);
      this.#closed.fire();
    });
  }
}

function toFrame(message: WireMessage): Frame {
  if (message.t === 'bytes') return { kind: 'bytes', id: message.id, offset: message.offset, bytes: message.bytes };
  return { kind: 'json', value: message };
}

function fromFrame(frame: Frame): unknown {
  return frame.kind === 'json' ? frame.value : { t: 'bytes', id: frame.id, offset: frame.offset, bytes: frame.bytes };
}
