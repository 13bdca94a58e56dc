/**
 * Keeps this page connected to its host: connects, tells when the host is gone, and tries again for as long as the
 * page lives. It knows nothing of what the connection is used for.
 */
import { type Client, connect } from '../../core/api/client.ts';
import type { Channel } from '../../core/api/channel.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { type Clock, systemClock } from '../../core/base/clock.ts';

export type LinkState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'connected'; readonly client: Client }
  | { readonly phase: 'unreachable'; readonly sinceMs: number; readonly error: VireoError };

export interface HostLinkOptions {
  /** What the host may call this client until it gives it a name. */
  readonly label: string;
  openChannel(signal: AbortSignal): Promise<Channel>;
  onState(state: LinkState): void;
  readonly clock?: Clock;
}

const firstRetryMs = 250;
const longestRetryMs = 5_000;
/** A connection that lived this long was a good one: the next try after it comes quickly again. */
const goodConnectionMs = 5_000;

export class HostLink implements Disposable {
  readonly #options: HostLinkOptions;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #wake = new AbortController();
  #client: Client | null = null;

  constructor(options: HostLinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    void this.#run();
  }

  /** The open connection. Throws RPC while there is none. */
  get client(): Client {
    if (!this.#client) throw new VireoError('RPC', 'this window has no connection to the Vireo host');
    return this.#client;
  }

  /** Ends the wait before the next try. */
  retryNow(): void {
    this.#wake.abort();
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new VireoError('OPERATION_ABORTED', 'the window is closing'));
    this.#wake.abort();
    this.#client?.close();
  }

  async #run(): Promise<void> {
    let retryMs = firstRetryMs;
    let lostSinceMs: number | null = null;
    this.#options.onState({ phase: 'connecting' });
    while (!this.#ended.signal.aborted) {
      const startedMs = this.#clock.now();
      const error = await this.#connectOnce();
      if (this.#clock.now() - startedMs > goodConnectionMs) {
        retryMs = firstRetryMs;
        lostSinceMs = null;
      }
      this.#client = null;
      if (this.#ended.signal.aborted) return;
      lostSinceMs ??= this.#clock.wallTime();
      this.#options.onState({ phase: 'unreachable', sinceMs: lostSinceMs, error });
      this.#wake = new AbortController();
      await this.#clock.sleep(retryMs, this.#wake.signal);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  }

  /** Resolves with the reason once the connection is lost or could not be made. */
  async #connectOnce(): Promise<VireoError> {
    try {
      const channel = await this.#options.openChannel(this.#ended.signal);
      const client = connect(channel, this.#options.label);
      this.#client = client;
      this.#options.onState({ phase: 'connected', client });
      await new Promise<void>((resolve) => {
        if (client.closed.aborted) resolve();
        else client.closed.addEventListener('abort', () => resolve(), { once: true });
      });
      return asVireoError(client.closed.reason);
    } catch (thrown) {
      return asVireoError(thrown);
    }
  }
}
