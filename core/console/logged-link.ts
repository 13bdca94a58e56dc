/**
 * A device whose host side may belong to others: what the guest says is followed in QEMU's log from the start of the run
 * to its end, and a connection is made only while a session owns the input, where there is one to make.
 *
 * QEMU 7.2 logs again what the other side had no room for at first (log-follower.ts), so that a foreign program that reads
 * slowly may leave bytes twice in the log. Nothing here can tell them from what the guest says twice.
 */
import { VireoError } from '../base/errors.ts';
import type { ConsoleLink, ConsoleLinkOptions } from './console-link.ts';
import { readOnlyReason, type SharedBackend } from './console-backend.ts';
import type { DeviceConnection } from './device-connection.ts';
import { LogTail } from './log-tail.ts';
import { connectShared } from './shared-connection.ts';

interface Need {
  readonly ended: AbortController;
  readonly connecting: Promise<void>;
}

export class LoggedLink implements ConsoleLink {
  readonly #options: ConsoleLinkOptions;
  readonly #tail: LogTail | null;
  #need: Need | null = null;
  #connection: DeviceConnection | null = null;
  /** QEMU takes the next client only when the last one has gone. */
  #leaving: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ConsoleLinkOptions) {
    const { stream, clock } = options;
    this.#options = options;
    this.#tail = stream.follower && new LogTail({ log: stream.follower.log, stream, clock });
  }

  async connect(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#tail?.start();
    this.#options.onState('open', null, null);
  }

  needsWriter(isNeeded: boolean): Promise<void> {
    if (!isNeeded || this.#isClosed) {
      this.#endNeed();
      return Promise.resolve();
    }
    const { backend } = this.#options.device;
    if (backend.type !== 'tcp' && backend.type !== 'pipe') return Promise.reject(new VireoError('NO_SUPPORT', readOnlyReason(backend) ?? 'the console cannot be written to'));
    this.#need ??= this.#begin(backend);
    return this.#need.connecting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#endNeed();
    await Promise.all([this.#tail?.[Symbol.asyncDispose](), this.#leaving]);
  }

  #begin(backend: SharedBackend): Need {
    const ended = new AbortController();
    const need: Need = { ended, connecting: this.#connect(backend, ended) };
    need.connecting.catch(() => {
      if (this.#need === need) this.#need = null;
    });
    return need;
  }

  async #connect(backend: SharedBackend, { signal }: AbortController): Promise<void> {
    const { clock, onState } = this.#options;
    await this.#leaving;
    signal.throwIfAborted();
    const connection = await connectShared(backend, {
      clock,
      signal,
      onMore: () => this.#tail?.hint(),
      onEnded: (reason) => this.#lost(reason),
    });
    if (signal.aborted) {
      await connection[Symbol.asyncDispose]();
      throw signal.reason;
    }
    this.#connection = connection;
    onState('open', connection, null);
  }

  #lost(reason: string): void {
    this.#connection = null;
    this.#need = null;
    this.#options.log.write('info', 'the connection of a console was closed by its other side', { alias: this.#options.device.alias, reason });
    if (!this.#isClosed) this.#options.onState('open', null, null);
  }

  #endNeed(): void {
    const need = this.#need;
    const connection = this.#connection;
    if (!need) return;
    this.#need = null;
    this.#connection = null;
    need.ended.abort(new VireoError('OPERATION_ABORTED', 'the input was given up before the console was connected'));
    this.#leaving = Promise.allSettled([need.connecting, connection?.[Symbol.asyncDispose]()]).then(() => {});
    if (connection && !this.#isClosed) this.#options.onState('open', null, null);
  }
}
