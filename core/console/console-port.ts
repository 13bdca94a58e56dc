/** One character device: its stream, its connection, who reads it and who owns its input. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { VireoError, type ErrorDomain } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { ConsoleLog } from './console-log.ts';
import { ConsoleStream } from './console-stream.ts';
import type { ConsoleDevice, ConsoleNotice, ConsoleSession, ConsoleStatus, OpenConsoleOptions } from './console-types.ts';
import { InputQueue } from './input-queue.ts';
import { PortLink } from './port-link.ts';
import { PortSession, type SessionPort } from './port-session.ts';

export interface ConsolePortOptions {
  readonly device: ConsoleDevice;
  readonly domain: ErrorDomain;
  readonly clock: Clock;
  readonly log: Log;
  readonly historyBytes: number;
  readonly lockFolder: string;
  readonly onChange: (status: ConsoleStatus) => void;
}

export class ConsolePort implements SessionPort, AsyncDisposable {
  readonly device: ConsoleDevice;
  readonly stream: ConsoleStream;
  readonly #options: ConsolePortOptions;
  readonly #log: ConsoleLog | null;
  readonly #link: PortLink;
  readonly #input = new InputQueue();
  readonly #sessions = new Set<PortSession>();
  #state: ConsoleStatus['state'] = 'connecting';
  #error: string | null = null;
  #runStart: number | null;
  #writer: { readonly session: PortSession; readonly sinceMs: number } | null = null;

  constructor(options: ConsolePortOptions) {
    const { device, clock, log, historyBytes, lockFolder } = options;
    this.device = device;
    this.#runStart = device.runStart;
    this.#options = options;
    this.#log = device.logFile === null ? null : new ConsoleLog(device.logFile, log);
    this.stream = new ConsoleStream({ clock, historyBytes, log: this.#log, onRelease: () => this.#wakeAll() });
    this.#link = new PortLink({
      device,
      stream: this.stream,
      clock,
      log,
      lockFolder,
      onState: (state, connection, error) => {
        this.#input.connect(connection);
        this.#become(state, error);
      },
    });
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

  open({ client, mode, force, from = 'history' }: OpenConsoleOptions): ConsoleSession {
    if (mode === 'write') this.#refuseIfHeld(force);
    const session = new PortSession(this, randomUUID(), client.label, this.#startingPoint(from));
    this.#sessions.add(session);
    if (mode === 'write') this.takeInput(session, force);
    else this.#changed();
    return session;
  }

  status(): ConsoleStatus {
    const { alias, kind, label } = this.device;
    const writer = this.#writer;
    return {
      alias,
      kind,
      label,
      state: this.#state,
      error: this.#error,
      writer: writer && { sessionId: writer.session.id, client: writer.session.label, sinceMs: writer.sinceMs },
      watchers: this.#sessions.size - (writer ? 1 : 0),
      sessions: [...this.#sessions].map((session) => ({ id: session.id, label: session.label, mode: session.mode })),
      position: this.stream.end,
      runStart: this.#runStart ?? this.stream.end,
    };
  }

  isWriter(session: PortSession): boolean {
    return this.#writer?.session === session;
  }

  async write(session: PortSession, bytes: Uint8Array): Promise<void> {
    if (!this.isWriter(session)) {
      const holder = this.#writer?.session.label ?? null;
      const who = holder === null ? 'nobody has taken it' : `${holder} owns it`;
      throw new VireoError('OPERATION_DENIED', `console '${this.device.alias}' is only watched here; its input is not ours: ${who}`, {
        domain: this.#options.domain,
        details: { alias: this.device.alias, holder },
      });
    }
    await this.#input.push(session, bytes).catch((error: VireoError) => {
      throw error.about(this.#options.domain);
    });
  }

  takeInput(session: PortSession, force: boolean): void {
    if (this.isWriter(session) || !this.#sessions.has(session)) return;
    this.#refuseIfHeld(force);
    const loser = this.#writer?.session;
    this.#writer = { session, sinceMs: this.#options.clock.wallTime() };
    if (loser) this.#input.drop(loser);
    for (const other of this.#sessions) {
      if (other !== session) other.notify({ type: 'notice', what: other === loser ? 'taken-over' : 'writer-changed', by: session.label });
    }
    this.stream.release();
    this.#changed();
  }

  releaseInput(session: PortSession): void {
    if (!this.isWriter(session)) return;
    this.#writer = null;
    this.#input.drop(session);
    this.#tellAll({ type: 'notice', what: 'released', by: session.label }, session);
    this.#changed();
  }

  leave(session: PortSession): void {
    this.#sessions.delete(session);
    if (this.isWriter(session)) this.releaseInput(session);
    else this.#changed();
    void this.#closeLogWhenUnread();
  }

  /** Ends the connection. Sessions may still read what is there, and then hear that the device has gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    await this.#link[Symbol.asyncDispose]();
    this.#input.connect(null);
    this.#become('closed', null);
    await this.#closeLogWhenUnread();
  }

  #startingPoint(from: 'history' | 'now' | number): number {
    // What an earlier run printed is in the log, but not this guest's history.
    if (from === 'history') return Math.min(Math.max(this.stream.historyStart(), this.#runStart ?? 0), this.stream.end);
    if (from === 'now') return this.stream.end;
    return Math.min(Math.max(0, Math.trunc(from)), this.stream.end);
  }

  #refuseIfHeld(force: boolean): void {
    if (!this.#writer || force) return;
    const { session, sinceMs } = this.#writer;
    const { kind, alias } = this.device;
    const text = kind === 'channel' ? 'Active channel stream exists for this domain' : 'Active console session exists for this domain';
    throw new VireoError('OPERATION_FAILED', text, {
      domain: this.#options.domain,
      details: { alias, holder: session.label, sinceMs, sessionId: session.id },
    });
  }

  #become(state: ConsoleStatus['state'], error: string | null): void {
    if (this.#state === 'closed') return;
    const wasEnded = this.ended;
    this.#state = state;
    this.#error = error;
    if (this.ended && !wasEnded) this.#tellAll({ type: 'notice', what: 'closed', by: null }, null);
    this.#changed();
  }

  #tellAll(notice: ConsoleNotice, except: PortSession | null): void {
    for (const session of this.#sessions) if (session !== except) session.notify(notice);
    this.stream.release();
  }

  #wakeAll(): void {
    for (const session of this.#sessions) session.wake();
  }

  #changed(): void {
    this.#options.onChange(this.status());
  }

  async #closeLogWhenUnread(): Promise<void> {
    if (this.ended && this.#sessions.size === 0) await this.#log?.[Symbol.asyncDispose]();
  }
}
