/**
 * One window's part in a display: opens its stream whenever the domain runs, gives it to the screen, and knows whether
 * this window has the keys and the pointer. It outlives stops of the guest and of the host.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { ClientStream } from '../../core/api/client.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from '../../core/api/console-contract.ts';
import { type Clock, systemClock } from '../../core/base/clock.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type Presence, hearOfPresence, noPresence } from '../console-window/presence.ts';
import type { Host } from '../store/host-store.ts';
import { DisplayChannel } from './display-channel.ts';
import type { Screen } from './screen.ts';

export interface DisplayState extends Presence {
  /** `waiting` until the host is there and the domain runs; `failed` between two tries; `shown` once there is a picture. */
  readonly phase: 'waiting' | 'opening' | 'shown' | 'failed';
  /** Whether there is an old picture to look at. */
  readonly hasPicture: boolean;
  readonly sessionId: string | null;
  /** Whether this window wants the input when it connects again. */
  readonly wish: 'write' | 'watch';
  /** Why the last try failed. */
  readonly error: VireoError | null;
  /** What the guest has, once it has said so. */
  readonly pointer: 'absolute' | 'relative' | null;
  /** When somebody last typed or clicked here without having the input. */
  readonly typedInVainMs: number | null;
}

export interface DisplaySessionOptions {
  readonly host: Host;
  readonly screen: Screen;
  readonly uuid: string;
  readonly index: number;
  /** What the guest put on its clipboard. */
  readonly onCutText: (text: string) => void;
  readonly clock?: Clock;
}

type Stream = ClientStream<'domainOpenGraphics'>;

const retryMs = 1_000;

export class DisplaySession implements Disposable {
  readonly store: StoreApi<DisplayState> = createStore<DisplayState>(() => ({
    ...noPresence, phase: 'waiting', hasPicture: false, sessionId: null, wish: 'write', error: null, pointer: null, typedInVainMs: null,
  }));
  readonly #options: DisplaySessionOptions;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #stream: Stream | null = null;

  constructor(options: DisplaySessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    void this.#run();
  }

  /** Takes the input that nobody has. */
  take(): void {
    this.#ask('take-over', { type: 'request-write', force: false });
  }

  takeOver(): void {
    this.#ask('take-over', { type: 'request-write', force: true });
  }

  /** Asks whoever has the input for it, and waits. */
  request(): void {
    this.#ask('request', { type: 'ask' });
  }

  withdraw(): void {
    this.#stream?.message({ type: 'withdraw' });
    this.store.setState({ request: null, asking: null });
  }

  handOver(to: { readonly sessionId: string }): void {
    this.#ask('hand-over', { type: 'hand-over', to: to.sessionId });
  }

  decline(sessionId: string): void {
    this.#stream?.message({ type: 'decline', to: sessionId });
    this.store.setState(({ requests }) => ({ requests: requests.filter((each) => each.sessionId !== sessionId) }));
  }

  release(): void {
    this.#ask('release', { type: 'release' });
  }

  /** Puts away what was told, and leaves questions as they are. */
  dismiss(): void {
    this.store.setState(({ request }) => ({ notice: null, refused: null, error: null, request: request?.state === 'waiting' ? request : null }));
  }

  /** Somebody typed or clicked; a watcher is told that nothing was sent. */
  tried(): void {
    if (this.#stream && this.store.getState().mode !== 'write') this.store.setState({ typedInVainMs: this.#clock.wallTime() });
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new VireoError('OPERATION_ABORTED', 'the window is closing'));
    this.#stream?.close();
  }

  #ask(asking: Presence['asking'], message: ConsoleClientMessage): void {
    if (!this.#stream) return;
    this.store.setState({ asking, notice: null, refused: null, request: null, typedInVainMs: null });
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
      this.store.setState(({ phase, notice }) => ({ ...noPresence, notice, phase: phase === 'failed' ? 'failed' : 'waiting', sessionId: null, pointer: null }));
      await this.#clock.sleep(retryMs, signal);
    }
  }

  #untilRunning(signal: AbortSignal): Promise<DomainSummary | null> {
    const { host, uuid, index } = this.#options;
    const isThere = (summary: DomainSummary): boolean => isActiveState(summary.state) && summary.displays[index]?.unavailable === null;
    return host.domainWhen(uuid, (summary) => summary !== null && isThere(summary) && host.store.getState().link.phase === 'connected' && !host.store.getState().sync.fetching, signal);
  }

  /** Resolves when the connection has ended by itself. */
  async #serve(signal: AbortSignal): Promise<void> {
    const { host, uuid, index, screen } = this.#options;
    const { client } = host;
    const mode = this.store.getState().wish === 'watch' ? 'watch' : 'write-or-watch';
    this.store.setState(({ phase }) => ({ phase: phase === 'failed' ? 'failed' : 'opening' }));
    let end!: (error: VireoError | null) => void;
    const ended = new Promise<VireoError | null>((resolve) => (end = resolve));
    const channel: DisplayChannel = new DisplayChannel({ send: (bytes) => void this.#stream?.send(bytes).catch(() => {}), onClose: () => this.#stream?.close() }, true);
    // The host may send the first words in the same breath as its answer; they wait until that is understood.
    let understand = (): void => {};
    const understood = new Promise<void>((resolve) => (understand = resolve));
    const stream = await client.openStream('domainOpenGraphics', { domain: uuid, display: index, mode }, {
      onBytes: (bytes, _offset, acknowledge) => {
        channel.receive(bytes);
        acknowledge();
      },
      onMessage: (message) => void understood.then(() => this.#hear(message)),
      onEnd: end,
    });
    if (signal.aborted) return stream.close();
    this.#stream = stream;
    this.store.setState(({ notice }) => ({ ...noPresence, notice: stream.opened.mode === 'watch' ? notice : null, mode: stream.opened.mode, wish: stream.opened.mode, sessionId: stream.opened.sessionId, typedInVainMs: null }));
    understand();
    const broken = this.#draw(screen, channel, stream);
    const error = await Promise.race([ended, broken]);
    screen.leave(channel);
    stream.close();
    // The end of the connection or of the guest is no failure of the display, and is shown in its own words.
    if (error && !signal.aborted && !client.closed.aborted && this.#isRunning()) throw error;
  }

  /** Resolves with an error where noVNC gave up by itself: what came was no picture. */
  #draw(screen: Screen, channel: DisplayChannel, stream: Stream): Promise<VireoError> {
    return new Promise((resolve) => {
      const isCurrent = (): boolean => this.#stream === stream;
      screen.connect(channel, {
        onShown: () => isCurrent() && this.store.setState({ phase: 'shown', hasPicture: true, error: null }),
        onEnded: () => resolve(new VireoError('RPC', 'what the display sent could not be drawn')),
        onPointer: (pointer) => {
          channel.isRelative = pointer === 'relative';
          if (isCurrent()) this.store.setState({ pointer });
        },
        onCutText: (text) => isCurrent() && this.#options.onCutText(text),
      });
    });
  }

  #isRunning(): boolean {
    const summary = this.#options.host.domain(this.#options.uuid);
    return summary !== null && isActiveState(summary.state);
  }

  #hear(message: ConsoleServerMessage): void {
    if (message.type === 'gap') return;
    this.store.setState((state) => hearOfPresence(state, message, this.#clock.wallTime()));
    // Who has the input now has it after a restart too, whoever connects first.
    if (message.type === 'mode') this.store.setState({ typedInVainMs: null, wish: message.mode });
  }
}
