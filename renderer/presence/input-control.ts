/** What a person does about the input of a console or a display, by the stream that is open now; without one, nothing. */
import type { StoreApi } from 'zustand/vanilla';
import type { ConsoleClientMessage } from '../../core/api/console-contract.ts';
import type { VireoError } from '../../core/base/errors.ts';
import type { Presence } from './presence.ts';

interface InputState extends Presence {
  /** Why the last try failed. */
  readonly error: VireoError | null;
}

export interface InputStream {
  message(message: ConsoleClientMessage): void;
}

export class InputControl {
  readonly #store: Pick<StoreApi<InputState>, 'getState' | 'setState'>;
  readonly #stream: () => InputStream | null;

  constructor(store: Pick<StoreApi<InputState>, 'getState' | 'setState'>, stream: () => InputStream | null) {
    this.#store = store;
    this.#stream = stream;
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
    this.#stream()?.message({ type: 'withdraw' });
    this.#store.setState({ request: null, asking: null });
  }

  /** Gives the input to somebody who asked for it, by their session. */
  handOver(to: { readonly sessionId: string }): void {
    this.#ask('hand-over', { type: 'hand-over', to: to.sessionId });
  }

  decline(sessionId: string): void {
    this.#stream()?.message({ type: 'decline', to: sessionId });
    this.#store.setState(({ requests }) => ({ requests: requests.filter((each) => each.sessionId !== sessionId) }));
  }

  release(): void {
    this.#ask('release', { type: 'release' });
  }

  /** Somebody typed or clicked; a watcher is told that nothing was sent. Whether it may be sent. */
  tried(nowMs: number): boolean {
    if (!this.#stream()) return false;
    const hasInput = this.#store.getState().mode === 'write';
    if (!hasInput) this.#store.setState({ typedInVainMs: nowMs });
    return hasInput;
  }

  /** Puts away what was told, and leaves questions as they are. */
  dismiss(): void {
    this.#store.setState(({ request }) => ({ notice: null, refused: null, error: null, request: request?.state === 'waiting' ? request : null }));
  }

  #ask(asking: Presence['asking'], message: ConsoleClientMessage): void {
    const stream = this.#stream();
    if (!stream) return;
    this.#store.setState({ asking, notice: null, refused: null, request: null, typedInVainMs: null });
    stream.message(message);
  }
}
