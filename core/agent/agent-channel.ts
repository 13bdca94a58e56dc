/**
 * The socket under an agent connection: read by pulling, one chunk at a time and only while somebody waits, so that a
 * guest cannot make the driver hold or handle more than it asked for.
 */
import net from 'node:net';
import type { Clock } from '../base/clock.ts';
import { invariant, isSystemError, VireoError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { startDeadline } from '../monitor/deadline.ts';
import { type AgentLine, AgentLines } from './agent-lines.ts';

/** Node 20 cuts longer paths without a word and would connect to another file. */
const maximumPathBytes = 100;

/** Commands are short; a guest that reads none of them is asked no more. */
const maximumUnwrittenBytes = 16 * 1024 * 1024;

export interface AgentChannelOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Bounds the connecting. */
  readonly timeoutMs: number;
  readonly maximumLineBytes: number;
}

export class AgentChannel implements AsyncDisposable {
  readonly #socket: net.Socket;
  readonly #lines: AgentLines;
  /** Fires when a chunk may be there to read, and at the end. */
  readonly #changed = new Emitter<void>();
  #closed = false;

  private constructor(socket: net.Socket, maximumLineBytes: number) {
    this.#socket = socket;
    this.#lines = new AgentLines(maximumLineBytes);
    for (const event of ['readable', 'end', 'close'] as const) socket.on(event, () => this.#changed.fire());
  }

  /** @throws AGENT_UNRESPONSIVE where there is no socket or nobody accepts in time; the signal's reason. */
  static async open(path: string, options: AgentChannelOptions): Promise<AgentChannel> {
    invariant(Buffer.byteLength(path) <= maximumPathBytes, `a socket's path has at most ${maximumPathBytes} bytes: ${path}`);
    using deadline = startDeadline(options.clock, options.timeoutMs, options.signal, () => unreachable(path, `nobody accepted within ${options.timeoutMs / 1_000} s`));
    return new AgentChannel(await connect(path, deadline.signal), options.maximumLineBytes);
  }

  /** Whether the other end is gone: QEMU ended, or closed the channel. */
  get ended(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed;
  }

  skipToSentinel(): void {
    this.#lines.skipToSentinel();
  }

  write(bytes: Buffer): void {
    invariant(!this.#closed, 'an agent is used only while the work that it was opened for lasts');
    if (this.#socket.writableLength + bytes.length > maximumUnwrittenBytes) throw new VireoError('AGENT_UNRESPONSIVE', 'the guest does not read what is sent to it');
    this.#socket.write(bytes);
  }

  /**
   * Says goodbye, and resolves when QEMU has taken all that was written: it forgets what it has not read of a connection
   * that is simply closed. Whatever comes meanwhile is dropped. Rejects as `find` does.
   */
  async finish(signal: AbortSignal): Promise<void> {
    this.#socket.end();
    await this.find(() => false, signal).catch((error: unknown) => {
      if (!this.ended) throw error;
    });
  }

  /**
   * The next line that `accept` takes; the others are dropped, and so is what came in one chunk behind it: nothing that
   * was sent before a question is its answer. Rejects with the signal's reason, what `accept` throws, or
   * AGENT_UNRESPONSIVE for a line over the limit and when the channel ends.
   */
  async find(accept: (line: AgentLine) => boolean, signal: AbortSignal): Promise<AgentLine> {
    for (;;) {
      for (const line of this.#lines.push(await this.#nextChunk(signal))) {
        if (accept(line)) return line;
      }
    }
  }

  async #nextChunk(signal: AbortSignal): Promise<Buffer> {
    for (;;) {
      signal.throwIfAborted();
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk) return chunk;
      if (this.ended) throw channelClosed();
      await this.#changed.once(() => true, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#socket.destroy();
    if (!this.#socket.closed) await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
  }
}

function connect(path: string, signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = net.connect(path);
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
    // It stays on: later errors are seen as the end of the channel, 'close' follows each.
    socket.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(unreachable(path, isSystemError(error) ? error.code : error.message, error));
    });
  });
}

function channelClosed(): VireoError {
  return new VireoError('AGENT_UNRESPONSIVE', 'the channel of the QEMU guest agent was closed');
}

function unreachable(path: string, why: string, cause?: Error): VireoError {
  return new VireoError('AGENT_UNRESPONSIVE', `cannot connect to the channel of the QEMU guest agent at ${path} (${why})`, { details: { path }, cause });
}
