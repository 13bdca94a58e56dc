/**
 * What a guest's agent tells of its run, asked when it is started and then on a slow beat. Nothing waits for it: an agent
 * that hangs has the agent job alone, and what it told before stays meanwhile. Another run is another feed.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { AnyMethodResult, Client } from '../../core/api/client.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';

export type GuestReport = AnyMethodResult<'domainGetGuestInfo'>;

export interface ReportState {
  readonly report: GuestReport | null;
  /** When it was told. */
  readonly atMs: number | null;
  /** Why the last question had no answer. */
  readonly error: VireoError | null;
  readonly asking: boolean;
}

/** A guest that has just booted still gets its addresses and mounts its disks. */
const firstBeatsMs = [3_000, 10_000];
const beatMs = 30_000;
/** Longer than the driver gives an agent, so that its own words arrive. */
const answerMs = 60_000;

export class GuestReportFeed {
  readonly store: StoreApi<ReportState> = createStore(() => ({ report: null, atMs: null, error: null, asking: false }));
  readonly #client: Client;
  readonly #uuid: string;
  #wake = (): void => {};
  /** By `performance.now()`: a window that was hidden for a moment does not ask anew. */
  #dueMs = 0;
  #questions = 0;

  constructor(client: Client, uuid: string) {
    this.#client = client;
    this.#uuid = uuid;
  }

  /** Asks whenever it is time, until it is disposed. May be started again after that. */
  start(): Disposable {
    const left = new AbortController();
    left.signal.addEventListener('abort', () => this.#wake(), { once: true });
    void this.#follow(left.signal);
    return { [Symbol.dispose]: () => left.abort() };
  }

  askAgain(): void {
    this.#dueMs = 0;
    this.#wake();
  }

  async #follow(left: AbortSignal): Promise<void> {
    while (!left.aborted) {
      const restMs = this.#dueMs - performance.now();
      if (restMs > 0) await this.#rest(restMs);
      else await this.#ask(left);
    }
  }

  async #ask(left: AbortSignal): Promise<void> {
    this.store.setState({ asking: true });
    try {
      const report = await this.#client.call('domainGetGuestInfo', { domain: this.#uuid }, { signal: left, timeoutMs: answerMs });
      if (!left.aborted) this.store.setState({ report, atMs: Date.now(), error: null });
    } catch (thrown) {
      if (!left.aborted) this.store.setState({ error: asVireoError(thrown) });
    }
    this.store.setState({ asking: false });
    if (!left.aborted) this.#dueMs = performance.now() + (firstBeatsMs[this.#questions++] ?? beatMs);
  }

  async #rest(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}
