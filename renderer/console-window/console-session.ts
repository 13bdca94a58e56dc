/**
 * One window's part in a console: opens its stream whenever the domain runs, brings the bytes to the terminal exactly
 * once, and knows whether this window writes or watches. It outlives stops of the guest and of the host.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { ClientStream } from '../../core/api/client.ts';
import type { ConsoleServerMessage } from '../../core/api/contract.ts';
import { type Clock, systemClock } from '../../core/base/clock.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { Host } from '../store/host-store.ts';
import { formatBytes, formatClock } from '../words/format.ts';
import { placeBytes } from './stream-place.ts';
import type { ConsoleTerminal } from './terminal.ts';

export type ConsoleNotice = Extract<ConsoleServerMessage, { type: 'notice' }>;

export interface ConsoleState {
  /** `waiting` until the host is there and the domain runs; `failed` between two tries. */
  readonly phase: 'waiting' | 'opening' | 'open' | 'failed';
  readonly mode: 'write' | 'watch';
  readonly sessionId: string | null;
  readonly alias: string | null;
  readonly label: string | null;
  /** Why the last try failed. */
  readonly error: VireoError | null;
  /** The newest thing to tell about who writes; it stays until dismissed or answered. */
  readonly notice: ConsoleNotice | null;
  readonly refused: Extract<ConsoleServerMessage, { type: 'refused' }> | null;
  readonly asking: 'take-over' | 'release' | null;
  /** When somebody last typed here without being the writer. */
  readonly typedInVainMs: number | null;
  /** How far the stream is shown, and the lines that this window received. */
  readonly position: number;
  readonly lines: number;
}

export interface ConsoleSessionOptions {
  readonly host: Host;
  readonly terminal: ConsoleTerminal;
  readonly uuid: string;
  readonly device: string | null;
  readonly clock?: Clock;
}

const retryMs = 1_000;
const countersEveryMs = 200;
const newline = 0x0a;

const initial: ConsoleState = {
  phase: 'waiting', mode: 'watch', sessionId: null, alias: null, label: null, error: null, notice: null, refused: null, asking: null, typedInVainMs: null, position: 0, lines: 0,
};

export class ConsoleSession implements Disposable {
  readonly store: StoreApi<ConsoleState> = createStore(() => initial);
  readonly #options: ConsoleSessionOptions;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #stream: ClientStream<'domainOpenConsole'> | null = null;
  /** Null until the first byte; then how far the stream was handed to the terminal. */
  #seen: number | null = null;
  /** Below it everything was printed before this window came, and answered by others. */
  #historyEnd = 0;
  #lines = 0;
  #countersAtMs = 0;
  #releasedByUser = false;

  constructor(options: ConsoleSessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    void this.#run();
  }

  /** Hands typed bytes to the guest; a watcher is told that nothing was sent. */
  type(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (!stream || this.store.getState().mode !== 'write') {
      if (stream) this.store.setState({ typedInVainMs: this.#clock.wallTime() });
      return;
    }
    stream.send(bytes).catch((thrown: unknown) => {
      if (this.#stream === stream) this.store.setState({ error: asVireoError(thrown) });
    });
  }

  takeOver(): void {
    this.#ask('take-over', { type: 'request-write', force: true });
    this.#releasedByUser = false;
  }

  release(): void {
    this.#ask('release', { type: 'release' });
    this.#releasedByUser = true;
  }

  dismiss(): void {
    this.store.setState({ notice: null, refused: null, error: null });
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new VireoError('OPERATION_ABORTED', 'the window is closing'));
    this.#stream?.close();
  }

  #ask(asking: 'take-over' | 'release', message: Parameters<ClientStream<'domainOpenConsole'>['message']>[0]): void {
    if (!this.#stream) return;
    this.store.setState({ asking, notice: null, refused: null, typedInVainMs: null });
    this.#stream.message(message);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        await this.#untilRunning(signal);
        await this.#serve(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        this.store.setState({ phase: 'failed', error: asVireoError(thrown) });
      }
      this.#stream = null;
      this.#options.terminal.answers = false;
      this.store.setState((state) => ({ phase: state.phase === 'failed' ? 'failed' : 'waiting', mode: 'watch', sessionId: null, asking: null }));
      await this.#clock.sleep(retryMs, signal);
    }
  }

  #untilRunning(signal: AbortSignal): Promise<DomainSummary | null> {
    const { host, uuid } = this.#options;
    return host.domainWhen(uuid, (summary) => summary !== null && isActiveState(summary.state) && host.store.getState().link.phase === 'connected' && !host.store.getState().sync.fetching, signal);
  }

  /** Resolves when the stream has ended by itself. */
  async #serve(signal: AbortSignal): Promise<void> {
    const { host, uuid, device, terminal } = this.#options;
    const { client } = host;
    const isReturn = this.#seen !== null;
    this.store.setState({ phase: 'opening' });
    let end!: (error: VireoError | null) => void;
    const ended = new Promise<VireoError | null>((resolve) => {
      end = resolve;
    });
    let opened = (): void => {};
    const ready = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const stream = await client.openStream(
      'domainOpenConsole',
      { domain: uuid, device, mode: this.#releasedByUser ? 'watch' : 'write-or-watch' },
      {
        // The host may send the first bytes in the same breath as its answer; they wait until that is understood.
        onBytes: (bytes, offset, acknowledge) => void ready.then(() => this.#receive(bytes, offset, acknowledge)),
        onMessage: (message) => void ready.then(() => this.#hear(message)),
        onEnd: end,
      },
    );
    if (signal.aborted) return stream.close();
    this.#stream = stream;
    const { alias, label, mode, sessionId, domain } = stream.opened;
    const position = domain.consoles.find((each) => each.alias === alias)?.position ?? 0;
    if (this.#seen !== null && position < this.#seen) {
      // The log began anew, so that offsets mean other bytes than before.
      terminal.reset();
      this.#seen = null;
    } else if (isReturn) terminal.remark(`connected again at ${formatClock(this.#clock.wallTime())}`);
    this.#historyEnd = position;
    terminal.answers = mode === 'write' && position === 0;
    this.store.setState({ phase: 'open', mode, sessionId, alias, label, error: null, refused: null, notice: null });
    opened();
    const error = await ended;
    // The end of the connection or of the guest is no failure of the console, and is shown in its own words.
    if (error && !signal.aborted && !client.closed.aborted && this.#isRunning()) throw error;
  }

  #isRunning(): boolean {
    const summary = this.#options.host.domain(this.#options.uuid);
    return summary !== null && isActiveState(summary.state);
  }

  #receive(bytes: Uint8Array, offset: number, acknowledge: () => void): void {
    const { terminal } = this.#options;
    const placed = placeBytes(bytes, offset, this.#seen);
    if (placed.missed > 0) terminal.remark(`${formatBytes(placed.missed)} missed`);
    this.#seen = placed.seen;
    for (const byte of placed.unseen) if (byte === newline) this.#lines += 1;
    terminal.write(placed.unseen, () => {
      acknowledge();
      terminal.answers = this.store.getState().mode === 'write' && placed.seen >= this.#historyEnd;
    });
    this.#count();
  }

  /** Counters follow the bytes at a pace that a person can read. */
  #count(): void {
    const now = this.#clock.now();
    if (now < this.#countersAtMs) return;
    this.#countersAtMs = now + countersEveryMs;
    void this.#clock.sleep(countersEveryMs, this.#ended.signal).then(() => this.store.setState({ position: this.#seen ?? 0, lines: this.#lines }));
  }

  #hear(message: ConsoleServerMessage): void {
    const { terminal } = this.#options;
    if (message.type === 'gap') {
      const from = Math.max(message.from, this.#seen ?? message.from);
      if (message.to <= from) return;
      terminal.remark(`${formatBytes(message.to - from)} missed`);
      this.#seen = message.to;
    } else if (message.type === 'mode') {
      terminal.answers = message.mode === 'write' && (this.#seen ?? 0) >= this.#historyEnd;
      this.store.setState({ mode: message.mode, asking: null, typedInVainMs: null, ...(message.mode === 'write' ? { notice: null, refused: null } : {}) });
    } else if (message.type === 'refused') {
      this.store.setState({ refused: message, asking: null });
    } else if (message.what === 'taken-over') {
      terminal.answers = false;
      this.store.setState({ notice: message, mode: 'watch', asking: null });
    } else if (message.what === 'released') {
      this.store.setState({ notice: message });
    } else if (message.what === 'writer-changed' && this.store.getState().notice?.what === 'released') {
      this.store.setState({ notice: null });
    }
  }
}
