/** One character device: its stream, its connection, who reads it and who owns its input. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { VireoError, asVireoError, type ErrorDomain } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import { ConsoleStream } from './console-stream.ts';
import type { ConsoleDevice, ConsoleSession, ConsoleStatus, OpenConsoleOptions } from './console-types.ts';
import { describeBackend, isHeld } from './console-backend.ts';
import type { ConsoleLink, ConsoleLinkOptions } from './console-link.ts';
import { InputOwnership } from './input-ownership.ts';
import { InputQueue } from './input-queue.ts';
import { LogRotation, type LogBounds } from './log-rotation.ts';
import { LoggedLink } from './logged-link.ts';
import { PortLink } from './port-link.ts';
import { PortSession, type SessionPort } from './port-session.ts';

/** More than all windows of all clients have open; a client that opens sessions in a loop stops here. */
const maximumSessions = 256;

export interface ConsolePortOptions {
  readonly device: ConsoleDevice;
  readonly domain: ErrorDomain;
  readonly clock: Clock;
  readonly log: Log;
  readonly historyBytes: number;
  /** Memory at most, while the log could not yet be compared. */
  readonly floodBytes: number;
  readonly lockFolder: string;
  /** Null for a log that is not ours to cut. */
  readonly logBounds: LogBounds | null;
  /** The way to the device; the one that its backend asks for, unless a test stands in. */
  readonly createLink?: ((options: ConsoleLinkOptions) => ConsoleLink) | undefined;
  readonly onChange: (status: ConsoleStatus) => void;
}

export class ConsolePort implements SessionPort, AsyncDisposable {
  readonly device: ConsoleDevice;
  readonly stream: ConsoleStream;
  readonly ownership: InputOwnership<PortSession>;
  readonly #options: ConsolePortOptions;
  readonly #log: ConsoleLog | null;
  readonly #rotation: LogRotation | null;
  readonly #link: ConsoleLink;
  readonly #input = new InputQueue();
  readonly #sessions = new Set<PortSession>();
  #state: ConsoleStatus['state'] = 'connecting';
  #error: string | null = null;
  #runStart: number | null;
  /** Counts to whom the input went. */
  #turn = 0;

  constructor(options: ConsolePortOptions) {
    const { device, clock, log, historyBytes, floodBytes, lockFolder, logBounds } = options;
    this.device = device;
    this.#runStart = device.runStart;
    this.#options = options;
    this.#log = device.logFile === null ? null : new ConsoleLog(device.logFile, log);
    this.stream = new ConsoleStream({ clock, historyBytes, floodBytes, log: this.#log, onRelease: () => this.#grown() });
    this.#rotation = this.#log && logBounds && new LogRotation({ log: this.#log, bounds: logBounds, journal: log, clock });
    this.ownership = new InputOwnership({
      device,
      domain: options.domain,
      sessions: this.#sessions,
      wallTime: () => clock.wallTime(),
      onMoved: (loser, winner) => this.#inputMoved(loser, winner),
      onRequests: () => this.#wordsSaid(),
    });
    const link: ConsoleLinkOptions = {
      device,
      stream: this.stream,
      clock,
      log,
      lockFolder,
      onState: (state, connection, error) => {
        this.#input.connect(connection);
        this.#become(state, error);
      },
    };
    this.#link = options.createLink?.(link) ?? (isHeld(device.backend) ? new PortLink(link) : new LoggedLink(link));
  }

  get ended(): boolean {
    return this.#state === 'closed' || this.#state === 'failed';
  }

  /** @throws what connecting met; the state is `failed` then. */
  async connect(signal: AbortSignal): Promise<void> {
    try {
      await this.#link.connect(signal);
      this.#runStart ??= this.stream.end;
    } catch (error) {
      this.#become('failed', error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** @throws what {@link InputOwnership.refuseIfBarred} says, RESOURCE_BUSY. */
  open({ client, mode, force, from = 'history' }: OpenConsoleOptions): ConsoleSession {
    const { domain, clock } = this.#options;
    if (mode === 'write') this.ownership.refuseIfBarred(force);
    if (this.#sessions.size >= maximumSessions) throw new VireoError('RESOURCE_BUSY', `console '${this.device.alias}' has ${maximumSessions} readers already`, { domain });
    const session = new PortSession(this, { id: randomUUID(), label: client.label, from: this.#startingPoint(from), sinceMs: clock.wallTime() });
    this.#sessions.add(session);
    if (mode === 'write') this.ownership.take(session, force);
    else this.#changed();
    return session;
  }

  status(): ConsoleStatus {
    const { alias, kind, label } = this.device;
    const { writer, readOnly } = this.ownership;
    return {
      alias,
      kind,
      label,
      state: this.#state,
      error: this.#error,
      writer: writer && { sessionId: writer.session.id, client: writer.session.label, sinceMs: writer.sinceMs },
      watchers: this.#sessions.size - (writer ? 1 : 0),
      sessions: [...this.#sessions].map((session) => ({ id: session.id, label: session.label, mode: session.mode, sinceMs: session.sinceMs, asksSinceMs: this.ownership.asksSinceMs(session) })),
      readOnly,
      backend: describeBackend(this.device.backend),
      position: this.stream.end,
      runStart: this.#runStart ?? this.stream.end,
    };
  }

  async write(session: PortSession, bytes: Uint8Array): Promise<void> {
    await this.#toDevice(session, (waits) => this.#input.push(session, bytes, waits));
  }

  async sendBreak(session: PortSession, send: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { kind, alias } = this.device;
    const { domain } = this.#options;
    this.ownership.refuseUnlessWriter(session);
    if (kind !== 'serial') throw new VireoError('OPERATION_UNSUPPORTED', `'${alias}' is no serial port: only these have a break`, { domain });
    await this.#toDevice(session, (waits) => this.#input.run(session, send, waits));
  }

  /** Resolves when what the writer types can reach the device. @throws as {@link ConsoleLink.needsWriter}. */
  async untilWritable(): Promise<void> {
    if (!this.ownership.writer) return;
    await this.#link.needsWriter(true).catch((error: unknown) => {
      throw asVireoError(error).about(this.#options.domain);
    });
  }

  leave(session: PortSession): void {
    if (!this.#sessions.delete(session)) return;
    this.ownership.leave(session);
    void this.#closeLogWhenUnread();
  }

  /** Ends the connection. Sessions may still read what is there, and then hear that the device has gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    this.#input.connect(null); // from the first moment on: nothing that waits reaches the device while it is let go
    await this.#link[Symbol.asyncDispose]();
    await this.#rotation?.settled();
    this.#input.connect(null); // the link may have got through once more
    this.#become('closed', null);
    await this.#closeLogWhenUnread();
  }

  #startingPoint(from: NonNullable<OpenConsoleOptions['from']>): number {
    // What an earlier run printed is in the log, but not this guest's history.
    if (from === 'history') return Math.min(Math.max(this.stream.historyStart(), this.#runStart ?? 0), this.stream.end);
    if (from === 'now') return this.stream.end;
    if (from === 'run') return Math.min(this.#runStart ?? 0, this.stream.end);
    if (from === 'beginning') return 0;
    return Math.min(Math.max(0, Math.trunc(from)), this.stream.end);
  }

  #inputMoved(loser: PortSession | null, winner: PortSession | null): void {
    if (loser) this.#input.drop(loser);
    this.#turn += 1;
    this.#needWriter(winner);
    this.#wordsSaid();
  }

  /** A refusal is for whoever had the input when the device was asked for: it may have moved on, and be asked for anew. */
  #needWriter(writer: PortSession | null): void {
    const turn = this.#turn;
    this.#link.needsWriter(writer !== null).catch((error: unknown) => {
      if (writer && turn === this.#turn) this.#inputRefused(writer, asVireoError(error));
    });
  }

  /** The device has another user, on whom our rules are not binding: the session has the input no more. */
  #inputRefused(session: PortSession, error: VireoError): void {
    const { code, message, details } = error;
    if (code === 'OPERATION_ABORTED' || !this.ownership.isWriter(session)) return;
    this.#input.drop(session, error);
    const holder: unknown = details['holder'];
    session.notify({ type: 'notice', what: 'taken-over', by: typeof holder === 'string' ? holder : message, atMs: this.#options.clock.wallTime() });
    this.ownership.release(session);
  }

  /**
   * Puts input into the queue, in the same breath as it was looked whether it may. Where a connection is made for the
   * writer only, it may still be on its way, or have been cut; what is typed waits for it there, and is lost with the input.
   */
  async #toDevice(session: PortSession, push: (waits: boolean) => Promise<void>): Promise<void> {
    this.ownership.refuseUnlessWriter(session);
    const waits = !isHeld(this.device.backend);
    const taken = push(waits);
    if (waits) this.#needWriter(session);
    await taken.catch((error: unknown) => {
      throw asVireoError(error).about(this.#options.domain);
    });
  }

  /** Words stand after all that came before them, so that is read first. */
  #wordsSaid(): void {
    this.stream.release();
    this.#changed();
  }

  #become(state: ConsoleStatus['state'], error: string | null): void {
    if (this.#state === 'closed') return;
    const wasEnded = this.ended;
    this.#state = state;
    this.#error = error;
    if (this.ended && !wasEnded) {
      this.ownership.end(error ?? 'the device is gone');
      const atMs = this.#options.clock.wallTime();
      for (const session of this.#sessions) session.notify({ type: 'notice', what: 'closed', by: null, atMs });
    }
    this.#wordsSaid();
  }

  #grown(): void {
    for (const session of this.#sessions) session.wake();
    this.#rotation?.grown(this.stream.end);
  }

  #changed(): void {
    this.#options.onChange(this.status());
  }

  async #closeLogWhenUnread(): Promise<void> {
    if (this.ended && this.#sessions.size === 0) await this.#log?.[Symbol.asyncDispose]();
  }
}
