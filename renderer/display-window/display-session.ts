/**
 * One window's part in a display: opens its stream whenever the domain runs, gives it to the screen, and knows whether
 * this window has the keys and the pointer. It outlives stops of the guest and of the host.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { ClientStream } from '../../core/api/client.ts';
import type { ConsoleServerMessage } from '../../core/api/console-contract.ts';
import { type Clock, systemClock } from '../../core/base/clock.ts';
import { VireoError } from '../../core/base/errors.ts';
import { InputControl } from '../presence/input-control.ts';
import { type Presence, hearOfPresence, noPresence } from '../presence/presence.ts';
import { serveWhileRunning } from '../presence/serve-while-running.ts';
import type { Host } from '../store/host-store.ts';
import { DisplayChannel } from './display-channel.ts';
import type { Screen } from './screen.ts';

export interface DisplayState extends Presence {
  /** `waiting` until the host is there and the domain runs; `failed` between two tries; `shown` once there is a picture. */
  readonly phase: 'waiting' | 'opening' | 'shown' | 'failed';
  /** Whether there is an old picture to look at. */
  readonly hasPicture: boolean;
  /** Whether this window wants the input when it connects again. */
  readonly wish: 'write' | 'watch';
  /** Why the last try failed. */
  readonly error: VireoError | null;
  /** What the guest has, once it has said so. */
  readonly pointer: 'absolute' | 'relative' | null;
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

export class DisplaySession implements Disposable {
  readonly store: StoreApi<DisplayState> = createStore<DisplayState>(() => ({
    ...noPresence, phase: 'waiting', hasPicture: false, wish: 'write', error: null, pointer: null,
  }));
  /** What a person does about who has the input. */
  readonly input = new InputControl(this.store, () => this.#stream);
  readonly #options: DisplaySessionOptions;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #stream: Stream | null = null;

  constructor(options: DisplaySessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { host, uuid, index } = options;
    void serveWhileRunning({
      host, uuid, clock: this.#clock,
      isThere: ({ displays }) => displays[index]?.unavailable === null,
      serve: (client, signal) => this.#serve(client, signal),
      onFailed: (error) => this.store.setState({ phase: 'failed', error }),
      onOver: () => this.#over(),
    }, this.#ended.signal);
  }

  /** Somebody typed or clicked; a watcher is told that nothing was sent. */
  tried(): void {
    this.input.tried(this.#clock.wallTime());
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new VireoError('OPERATION_ABORTED', 'the window is closing'));
    this.#stream?.close();
  }

  /** Resolves when the connection has ended by itself. */
  async #serve(client: Host['client'], signal: AbortSignal): Promise<VireoError | null> {
    const { uuid, index, screen } = this.#options;
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
    if (signal.aborted) {
      stream.close();
      return null;
    }
    this.#stream = stream;
    this.store.setState(({ notice }) => ({ ...noPresence, notice: stream.opened.mode === 'watch' ? notice : null, mode: stream.opened.mode, wish: stream.opened.mode, sessionId: stream.opened.sessionId }));
    understand();
    const broken = this.#draw(screen, channel, stream);
    const error = await Promise.race([ended, broken]);
    screen.leave(channel);
    stream.close();
    return error;
  }

  #over(): void {
    this.#stream = null;
    this.store.setState(({ phase, notice }) => ({ ...noPresence, notice, phase: phase === 'failed' ? 'failed' : 'waiting', pointer: null }));
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

  #hear(message: ConsoleServerMessage): void {
    if (message.type === 'gap') return;
    this.store.setState((state) => hearOfPresence(state, message, this.#clock.wallTime()));
    // Who has the input now has it after a restart too, whoever connects first.
    if (message.type === 'mode') this.store.setState({ wish: message.mode });
  }
}
