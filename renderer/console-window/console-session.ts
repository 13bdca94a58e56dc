/**
 * One pane's part in a console: opens its stream whenever the domain runs, brings the bytes to the terminal exactly
 * once, and knows whether this pane writes or watches, who asks for its input and what became of what it asked for. It
 * outlives stops of the guest and of the host.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { ClientStream } from '../../core/api/client.ts';
import type { ConsoleServerMessage } from '../../core/api/console-contract.ts';
import { type Clock, systemClock } from '../../core/base/clock.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { InputControl } from '../presence/input-control.ts';
import { type Presence, hearOfPresence, noPresence } from '../presence/presence.ts';
import { serveWhileRunning } from '../presence/serve-while-running.ts';
import type { Host } from '../store/host-store.ts';
import { formatClock } from '../words/format.ts';
import { gapInWords } from './gap-in-words.ts';
import { placeBytes } from './stream-place.ts';
import type { ConsoleTerminal } from './terminal.ts';

export interface ConsoleState extends Presence {
  /** `waiting` until the host is there and the domain runs; `failed` between two tries. */
  readonly phase: 'waiting' | 'opening' | 'open' | 'failed';
  /** What the stream is opened for the next time; releasing the input makes it `watch`. */
  readonly wish: 'write' | 'watch';
  readonly alias: string | null;
  readonly label: string | null;
  /** Why the last try failed. */
  readonly error: VireoError | null;
  /** How far the stream is shown, and the lines that this pane received. */
  readonly position: number;
  readonly lines: number;
  /** Whether that is all lines since the guest was switched on. */
  readonly linesSinceBoot: boolean;
  /** Bytes that the guest printed since this pane is there, and how often it rang; history that is replayed counts for neither. */
  readonly fresh: number;
  readonly bells: number;
}

export interface ConsoleSessionOptions {
  readonly host: Host;
  readonly terminal: ConsoleTerminal;
  readonly uuid: string;
  readonly device: string | null;
  /** `write` writes where nobody else does; `watch` never asks for the input by itself. */
  readonly mode: 'write' | 'watch';
  readonly clock?: Clock;
}

type Stream = ClientStream<'domainOpenConsole'>;

const countersEveryMs = 200;
const newline = 0x0a;

export class ConsoleSession implements Disposable {
  readonly store: StoreApi<ConsoleState>;
  /** What a person does about who writes. */
  readonly input: InputControl;
  readonly #options: ConsoleSessionOptions;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #stream: Stream | null = null;
  /** Null until the first byte; then how far the stream was handed to the terminal. */
  #seen: number | null = null;
  /** Below it everything was printed before this pane came, and answered by others. */
  #historyEnd = 0;
  /** The guest's process whose output was shown last. */
  #pid: number | null = null;
  /** How far the terminal has understood what it was given. */
  #shown = 0;
  #lines = 0;
  #fresh = 0;
  #countersAtMs = 0;

  constructor(options: ConsoleSessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.store = createStore<ConsoleState>(() => ({
      ...noPresence, phase: 'waiting', wish: options.mode, alias: null, label: null, error: null, position: 0, lines: 0, linesSinceBoot: false, fresh: 0, bells: 0,
    }));
    this.input = new InputControl(this.store, () => this.#stream);
    const { host, uuid } = options;
    const onFailed = (error: VireoError): void => this.store.setState({ phase: 'failed', error });
    void serveWhileRunning({ host, uuid, clock: this.#clock, serve: (client, signal) => this.#serve(client, signal), onFailed, onOver: () => this.#over() }, this.#ended.signal);
  }

  /** Hands typed bytes to the guest; a watcher is told that nothing was sent. */
  type(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (!stream || !this.input.tried(this.#clock.wallTime())) return;
    stream.send(bytes).catch((thrown: unknown) => {
      if (this.#stream === stream) this.store.setState({ error: asVireoError(thrown) });
    });
  }

  /** A serial line's break, behind all that was typed before; nothing where this pane does not write. */
  sendBreak(): void {
    if (this.input.tried(this.#clock.wallTime())) this.#stream?.message({ type: 'break' });
  }

  /** The terminal rang while it understood what it was given. */
  ring(): void {
    if (this.#shown >= this.#historyEnd) this.store.setState(({ bells }) => ({ bells: bells + 1 }));
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new VireoError('OPERATION_ABORTED', 'the pane is closed'));
    this.#stream?.close();
  }

  /** Resolves when the stream has ended by itself. */
  async #serve(client: Host['client'], signal: AbortSignal): Promise<VireoError | null> {
    this.store.setState({ phase: 'opening' });
    let end!: (error: VireoError | null) => void;
    const ended = new Promise<VireoError | null>((resolve) => (end = resolve));
    const stream = await this.#open(client, signal, end);
    if (!signal.aborted) return ended;
    stream.close();
    return null;
  }

  #over(): void {
    this.#stream = null;
    this.#options.terminal.answers = false;
    this.store.setState(({ phase, notice }) => ({ ...noPresence, notice, phase: phase === 'failed' ? 'failed' : 'waiting' }));
  }

  async #open(client: Host['client'], signal: AbortSignal, onEnd: (error: VireoError | null) => void): Promise<Stream> {
    const { uuid, device, terminal } = this.#options;
    const mode = this.store.getState().wish === 'watch' ? 'watch' : 'write-or-watch';
    let understand = (): void => {};
    const understood = new Promise<void>((resolve) => (understand = resolve));
    const openFrom = (from: 'history' | number): Promise<Stream> =>
      client.openStream(
        'domainOpenConsole',
        { domain: uuid, device, mode, from },
        {
          // The host may send the first bytes in the same breath as its answer; they wait until that is understood.
          onBytes: (bytes, offset, acknowledge) => void understood.then(() => (isGivenUp ? acknowledge() : this.#receive(bytes, offset, acknowledge))),
          onMessage: (message) => void understood.then(() => isGivenUp || this.#hear(message)),
          onEnd: (error) => isGivenUp || onEnd(error),
        },
      );
    let isGivenUp = false;
    const stream = await openFrom(this.#seen ?? 'history');
    const isReturn = this.#seen !== null;
    if (isReturn && this.#beganAnew(stream.opened)) {
      isGivenUp = true;
      stream.close();
      terminal.reset();
      this.#seen = null;
      return signal.aborted ? stream : this.#open(client, signal, onEnd);
    }
    if (isReturn) terminal.remark(`connected again at ${formatClock(this.#clock.wallTime())}`);
    this.#begin(stream);
    understand();
    return stream;
  }

  #begin(stream: Stream): void {
    const { alias, label, mode, sessionId, position, domain, runStart } = stream.opened;
    // Another run of the guest is counted anew, even where its log goes on from the last one's.
    if (domain.pid !== this.#pid) {
      this.#lines = 0;
      this.store.setState({ lines: 0, linesSinceBoot: stream.opened.from <= runStart });
    }
    this.#stream = stream;
    this.#pid = domain.pid;
    this.#historyEnd = position;
    this.#options.terminal.answers = mode === 'write' && position === 0;
    // What a lost connection interrupted is over; that the input was taken before stays to be read.
    this.store.setState(({ notice }) => ({ ...noPresence, notice: mode === 'watch' ? notice : null, phase: 'open', mode, sessionId, alias, label, error: null }));
  }

  /** Whether offsets mean other bytes than before, because the log was begun anew for another run of the guest. */
  #beganAnew({ position, runStart, domain }: Stream['opened']): boolean {
    if (this.#seen === null) return false;
    return position < this.#seen || (domain.pid !== this.#pid && runStart < this.#seen);
  }

  #receive(bytes: Uint8Array, offset: number, acknowledge: () => void): void {
    const { terminal } = this.#options;
    if (this.#ended.signal.aborted) return acknowledge();
    const placed = placeBytes(bytes, offset, this.#seen);
    if (placed.missed > 0) terminal.remark(gapInWords(placed.missed, null, null));
    this.#seen = placed.seen;
    this.#fresh += Math.max(0, Math.min(placed.unseen.byteLength, placed.seen - this.#historyEnd));
    for (const byte of placed.unseen) if (byte === newline) this.#lines += 1;
    terminal.write(placed.unseen, () => {
      acknowledge();
      this.#shown = placed.seen;
      terminal.answers = this.store.getState().mode === 'write' && placed.seen >= this.#historyEnd;
    });
    this.#count();
  }

  /** Counters follow the bytes at a pace that a person can read. */
  #count(): void {
    const now = this.#clock.now();
    if (now < this.#countersAtMs) return;
    this.#countersAtMs = now + countersEveryMs;
    void this.#clock.sleep(countersEveryMs, this.#ended.signal).then(
      () => this.store.setState({ position: this.#seen ?? 0, lines: this.#lines, fresh: this.#fresh }),
      () => {},
    );
  }

  #hear(message: ConsoleServerMessage): void {
    const { terminal } = this.#options;
    if (message.type === 'gap') {
      const from = Math.max(message.from, this.#seen ?? message.from);
      if (message.to <= from) return;
      terminal.remark(gapInWords(message.to - from, message.fromMs, message.toMs));
      this.#seen = message.to;
      return;
    }
    const { asking } = this.store.getState();
    this.store.setState((state) => hearOfPresence(state, message, this.#clock.wallTime()));
    const { mode } = this.store.getState();
    // Who lost the input to others writes again where nobody does, after a restart; who gave it up does not.
    if (message.type === 'mode' && (mode === 'write' || asking === 'release')) this.store.setState({ wish: mode });
    terminal.answers = mode === 'write' && (this.#seen ?? 0) >= this.#historyEnd;
  }
}
