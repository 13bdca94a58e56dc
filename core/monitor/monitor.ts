/**
 * One connection to QEMU's monitor (QMP): typed commands, ordered events, and one clear end. Whatever goes wrong on
 * the wire ends the connection with one error that every caller, present and later, gets; nobody waits for ever.
 *
 * Bytes are handled as the socket hands them over, at most 64 KiB in one turn of the event loop. Only the parsing of
 * one long reply is a single step, of 10 to 30 ms a megabyte (Node 20): nothing at the 0.2 MB of query-qmp-schema, the
 * longest that a driver asks for, and a second or two at the limit, which only a broken QEMU reaches.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { isSystemError, VireoError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { abortable } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import { LineSplitter } from '../transport/line-splitter.ts';
import { CommandQueue } from './command-queue.ts';
import type { Command } from './command-queue.ts';
import type { ExecuteOptions, ExecuteRest, QmpCommand, QmpEvent, QmpOutOfBandCommand, QmpResult } from './commands.ts';
import { connectSocket } from './connect-socket.ts';
import { startDeadline } from './deadline.ts';
import { parseMessage } from './message.ts';
import type { Message, QmpGreeting } from './message.ts';
import { qemuError } from './qemu-error.ts';
import { type RecentMessage, RecentMessages } from './recent-messages.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { Answering, OutstandingCommand } from './silence-watch.ts';

export interface MonitorOptions {
  /** The socket, at most 100 bytes. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long connecting, the greeting and the negotiation may take in all. */
  readonly deadlineMs: number;
  /** Gives up connecting; it has no effect once connected. */
  readonly signal: AbortSignal;
  /** Wait for QEMU to make the socket, as after a start; otherwise, as after a restart of the driver, it must be there. */
  readonly waitForSocket?: boolean;
  /** Default 64 MiB. */
  readonly maximumReplyBytes?: number;
  /** Subscribed before QEMU may send the first event, so that none is missed. */
  readonly onEvent?: (event: QmpEvent) => void;
}

/** Why a monitor has ended, in `details.monitor` of the reason of `closed`. */
export type MonitorEnd = 'end-of-file' | 'protocol' | 'closed';

const mebibyte = 1024 * 1024;

/**
 * A client that connects in the moment in which QEMU hands its monitor from one thread to the other may be greeted
 * twice, and may be never (7.2, rarely). Longer than any QEMU takes that has noticed; doubled each time, because one
 * on a busy machine takes its time.
 */
const firstPatienceMs = 3_000;

function unheardOf(unheard: AbortController): Error {
  const error = new Error('QEMU did not take notice of the connection');
  unheard.abort(error);
  return error;
}

export class Monitor implements AsyncDisposable {
  /** In the order that QEMU sent them; a listener that throws is logged and hurts nobody. */
  readonly events: Emitter<QmpEvent>;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #splitter: LineSplitter;
  readonly #queue = new CommandQueue();
  readonly #recent: RecentMessages;
  readonly #end = new AbortController();
  readonly #greeted: Promise<QmpGreeting>;
  /** Settles `#greeted`; null once it has. */
  #greeting: { resolve(greeting: QmpGreeting): void; reject(reason: VireoError): void } | null = null;
  #isNegotiated = false;
  #outOfBand = false;
  #commandCount = 0;
  #lastReceivedMs: number;
  #silence: SilenceWatch | null = null;

  private constructor(socket: Socket, options: MonitorOptions) {
    this.#socket = socket;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#lastReceivedMs = options.clock.now();
    this.#recent = new RecentMessages(options.clock);
    this.#splitter = new LineSplitter(options.maximumReplyBytes ?? 64 * mebibyte);
    this.events = new Emitter((error) => options.log.write('error', 'a listener of monitor events threw', { error: String(error) }));
    if (options.onEvent) this.events.on(options.onEvent);
    this.#greeted = new Promise((resolve, reject) => (this.#greeting = { resolve, reject }));
    this.#greeted.catch(() => {}); // `connect` hears of it, unless its deadline came first
    let failure: Error | undefined;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#write());
    socket.on('error', (error) => (failure = error)); // 'close' always follows
    socket.on('end', () => this.#endOfFile());
    socket.on('close', () => this.#endOfFile(failure));
  }

  /**
   * Connects, waits for QEMU's greeting and leaves the negotiation mode, with out-of-band commands where offered.
   * Throws SYSTEM_ERROR where there is no socket, OPERATION_TIMEOUT after the deadline, the signal's reason, or why the
   * monitor ended.
   */
  static async connect(options: MonitorOptions): Promise<Monitor> {
    const waiting = { for: 'the QEMU monitor socket' };
    using deadline = startDeadline(options.clock, options.deadlineMs, options.signal, () => {
      const details = { path: options.path, deadlineMs: options.deadlineMs };
      return new VireoError('OPERATION_TIMEOUT', `no sign of ${waiting.for} within ${options.deadlineMs / 1000} s`, { details });
    });
    const { signal } = deadline;
    for (let patienceMs = firstPatienceMs; ; patienceMs *= 2) {
      const socket = await connectSocket(options.path, { clock: options.clock, signal, waitForSocket: options.waitForSocket ?? false });
      const monitor = new Monitor(socket, options);
      const unheard = new AbortController();
      // Only a QEMU that is just starting can have missed us; from another, silence is what it has to say.
      using patience = options.waitForSocket ? startDeadline(options.clock, patienceMs, signal, () => unheardOf(unheard)) : null;
      try {
        await monitor.#negotiate(waiting, patience?.signal ?? signal);
        return monitor;
      } catch (error) {
        await monitor.close();
        if (!unheard.signal.aborted || signal.aborted) throw error;
        options.log.write('warning', 'QEMU did not take notice of a connection to its monitor; another one is made', { path: options.path });
      }
    }
  }

  async #negotiate(waiting: { for: string }, signal: AbortSignal): Promise<void> {
    // A socket that has another client accepts the connection and stays silent (QEMU 7.2).
    waiting.for = 'a greeting from the QEMU monitor, which serves one client at a time';
    const greeting = await abortable(this.#greeted, signal);
    waiting.for = "an answer to 'qmp_capabilities'";
    const oob = greeting.capabilities.includes('oob');
    await this.execute('qmp_capabilities', oob ? { enable: ['oob'] } : {}, { signal });
    this.#isNegotiated = true;
    this.#outOfBand = oob;
  }

  /** Whether some commands can be executed out of band. */
  get outOfBand(): boolean {
    return this.#outOfBand;
  }

  /**
   * Aborted when the connection has ended; the reason is the VireoError that every command gets from then on:
   * OPERATION_INVALID after the end of file or `close`, INTERNAL_ERROR after something that is not QMP.
   */
  get closed(): AbortSignal {
    return this.#end.signal;
  }

  /** Whether QEMU answers, as far as `watchSilence` has seen; 'ok' where nobody watches. */
  get answering(): Answering {
    return this.#silence?.answering ?? { state: 'ok' };
  }

  /**
   * Executes a command; commands are carried out in the order of their calls. Throws what `isQemuError` tells apart,
   * OPERATION_TIMEOUT, the signal's reason, RESOURCE_BUSY where 256 wait already, or why the monitor ended.
   */
  async execute<C extends QmpCommand>(command: C, ...[args, options]: ExecuteRest<C>): Promise<QmpResult<C>> {
    return (await this.#submit(command, args, options ?? {})) as QmpResult<C>;
  }

  /** Executes any command that this QEMU may have, for qemu-monitor-command; nothing is checked before QEMU does. */
  executeUnchecked(command: string, args?: Readonly<Record<string, unknown>>, options: ExecuteOptions = {}): Promise<unknown> {
    return this.#submit(command, args, options, { unchecked: true });
  }

  /** Executes a command past all others, even while QEMU's main loop is stuck; in band where QEMU has no such thing. */
  async executeOutOfBand<C extends QmpOutOfBandCommand>(command: C, ...[args, options]: ExecuteRest<C>): Promise<QmpResult<C>> {
    return (await this.#submit(command, args, options ?? {}, { outOfBand: this.#outOfBand })) as QmpResult<C>;
  }

  /** The oldest command without a reply, also when its caller has given up. */
  outstanding(): OutstandingCommand | null {
    return this.#queue.oldest(this.#clock.now());
  }

  /** The last commands, answers and events of this connection, oldest first and without secrets; also after its end. */
  recentMessages(): readonly RecentMessage[] {
    return this.#recent.list();
  }

  /**
   * Tells when QEMU stops answering and when it answers again. After `thresholdMs` without any traffic a cheap query
   * asks whether it is still there. One watch at a time: a new one takes the place of the old.
   */
  watchSilence(thresholdMs: number, onChange: (answering: Answering) => void): Disposable {
    this.#silence?.[Symbol.dispose]();
    const watch = new SilenceWatch({
      clock: this.#clock,
      thresholdMs,
      outstanding: () => this.outstanding(),
      lastReceivedMs: () => this.#lastReceivedMs,
      ask: () => void this.execute('query-version').catch(() => {}),
      onChange,
    });
    if (this.closed.aborted) watch[Symbol.dispose]();
    this.#silence = watch;
    return watch;
  }

  /** Ends the connection; QEMU goes on and takes another. Commands without a reply reject. Any number of times. */
  async close(): Promise<void> {
    this.#finish(new VireoError('OPERATION_INVALID', 'the monitor is closed', { details: { monitor: 'closed' } }));
    if (!this.#socket.closed) await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #submit(name: string, args: unknown, options: ExecuteOptions, { outOfBand = false, unchecked = false }: { readonly outOfBand?: boolean; readonly unchecked?: boolean } = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.closed.throwIfAborted();
      options.signal?.throwIfAborted();
      const id = `vireo-${(this.#commandCount += 1)}`;
      const request = { [outOfBand ? 'exec-oob' : 'execute']: name, arguments: args, id };
      const { signal, timeoutMs } = options;
      // Without a timer nothing is made that must be taken down: statistics ask hundreds of commands in one call.
      const timer = timeoutMs === undefined ? null : new AbortController();
      const stopWaiting = (): void => {
        signal?.removeEventListener('abort', onAbort);
        timer?.abort(null); // without a reason it would make an error with a stack each time
      };
      const caller = {
        resolve: (result: unknown) => (stopWaiting(), resolve(result)),
        reject: (error: unknown) => (stopWaiting(), reject(error)),
      };
      const sinceMs = this.#clock.now();
      const command: Command = { id, name, line: `${JSON.stringify(request)}\n`, args, outOfBand, unchecked, sinceMs, caller };
      const giveUp = (reason: unknown): void => {
        if (command.caller === null) return;
        this.#queue.giveUp(command);
        caller.reject(reason);
      };
      const onAbort = (): void => giveUp(signal?.reason);
      this.#queue.add(command);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timer && timeoutMs !== undefined) {
        void this.#clock.sleep(timeoutMs, timer.signal).then(() => {
          if (!timer.signal.aborted) giveUp(tooLate(name, timeoutMs));
        });
      }
      this.#write();
    });
  }

  /** Writes what may be written; while the socket's buffer is full everything waits for 'drain'. */
  #write(): void {
    while (!this.closed.aborted && !this.#socket.writableNeedDrain) {
      const command = this.#queue.next();
      if (!command) return;
      this.#log.write('debug', 'monitor command', { command: command.name, id: command.id });
      this.#recent.command(command.name, command.args, command.unchecked);
      this.#cork();
      this.#socket.write(command.line);
    }
  }

  /** What is asked in one turn of the event loop goes to QEMU in one write, which wakes it once. */
  #cork(): void {
    if (this.#socket.writableCorked > 0) return;
    this.#socket.cork();
    process.nextTick(() => this.#socket.uncork());
  }

  #receive(chunk: Buffer): void {
    this.#lastReceivedMs = this.#clock.now();
    for (const line of this.#splitter.push(chunk)) {
      if (this.closed.aborted) return;
      if (line === 'too-long') return this.#broken('a reply over the limit');
      if (line.length > 0) this.#dispatch(parseMessage(line));
    }
  }

  #dispatch(message: Message): void {
    switch (message.kind) {
      case 'event':
        this.#recent.event(message.event);
        this.events.fire(message.event);
        break;
      case 'reply':
        this.#settle(message.id, (command) => {
          this.#recent.reply(command.name, message.result, command.unchecked);
          command.caller?.resolve(message.result);
        });
        break;
      case 'failure':
        if (message.id === null) return this.#broken(`an error that names no command: ${message.text}`);
        this.#settle(message.id, (command) => {
          this.#recent.error(command.name, message.text, command.unchecked);
          command.caller?.reject(qemuError(command.name, message.qemuClass, message.text));
        });
        break;
      case 'greeting':
        // A client that connects while QEMU sets its monitor up, in two threads, is greeted by both (QEMU 7.2, on a loaded machine).
        if (this.#isNegotiated) return this.#broken('a second greeting');
        this.#greeting?.resolve(message.greeting);
        this.#greeting = null;
        break;
      case 'malformed':
        this.#broken(message.why);
    }
  }

  #settle(id: string, answer: (command: Command) => void): void {
    const command = this.#queue.settle(id);
    if (!command) return this.#broken(`a reply to a command that was never sent: ${id.slice(0, 80)}`);
    answer(command);
    this.#silence?.look();
    this.#write();
  }

  /** The other end does not speak QMP: nothing that it says from now on can be trusted. */
  #broken(what: string): void {
    this.#log.write('error', 'the monitor sent something that is not QMP', { what });
    this.#finish(new VireoError('INTERNAL_ERROR', `the QEMU monitor sent ${what}`, { details: { monitor: 'protocol' } }));
  }

  #endOfFile(failure?: Error): void {
    if (this.closed.aborted) return;
    const where = this.#splitter.heldBytes > 0 ? ' in the middle of a reply' : '';
    const why = isSystemError(failure) ? ` (${failure.code})` : '';
    const cause = new VireoError('INTERNAL_ERROR', `end of file from the QEMU monitor${where}${why}`, { cause: failure });
    this.#finish(new VireoError('OPERATION_INVALID', 'domain is not running', { cause, details: { monitor: 'end-of-file' } }));
  }

  #finish(reason: VireoError): void {
    if (this.closed.aborted) return;
    this.#silence?.[Symbol.dispose]();
    this.#end.abort(reason);
    this.#socket.destroy();
    this.#greeting?.reject(reason);
    for (const command of this.#queue.clear()) command.caller?.reject(reason);
  }
}

function tooLate(command: string, timeoutMs: number): VireoError {
  const details = { command, timeoutMs };
  return new VireoError('OPERATION_TIMEOUT', `QEMU did not answer '${command}' within ${timeoutMs / 1000} s`, { details });
}
