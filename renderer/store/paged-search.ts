/**
 * A search that gives its hits page by page: begun, gone on with, given up. A page may be empty because much had to be
 * looked through; the search then asks on by itself until there is something to show. A new pattern is a new search.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';

export interface SearchPage<H, C> {
  readonly hits: readonly H[];
  /** Null when nothing is left. */
  readonly next: C | null;
  readonly searchedBytes: number;
}

export interface SearchState<H, P> {
  /** `idle` before the first page is asked for, `done` when nothing is left, `more` when there is. */
  readonly phase: 'idle' | 'searching' | 'more' | 'done' | 'cancelled' | 'failed';
  readonly hits: readonly H[];
  readonly searchedBytes: number;
  readonly error: VireoError | null;
  /** The newest page, for what else it tells. */
  readonly page: P | null;
}

/** A screenful and something to scroll. */
const wantedAtOnce = 50;
/** More than anybody looks through; a narrower pattern helps more than a longer list. */
const mostHits = 5_000;

export class PagedSearch<H, C, P extends SearchPage<H, C> = SearchPage<H, C>> implements Disposable {
  readonly store: StoreApi<SearchState<H, P>> = createStore<SearchState<H, P>>(() => ({ phase: 'idle', hits: [], searchedBytes: 0, error: null, page: null }));
  readonly #fetch: (cursor: C | null, signal: AbortSignal) => Promise<P>;
  #next: C | null = null;
  #running: AbortController | null = null;

  constructor(fetch: (cursor: C | null, signal: AbortSignal) => Promise<P>) {
    this.#fetch = fetch;
  }

  /** Begins, or goes on where the last page ended; never rejects. */
  async more(): Promise<void> {
    const { phase, hits } = this.store.getState();
    if (phase === 'searching' || phase === 'done') return;
    const running = new AbortController();
    this.#running = running;
    this.store.setState({ phase: 'searching', error: null });
    const wanted = hits.length + wantedAtOnce;
    try {
      for (;;) {
        const page = await this.#fetch(this.#next, running.signal);
        if (running.signal.aborted) return;
        this.#next = page.next;
        const found = [...this.store.getState().hits, ...page.hits];
        const isFull = found.length >= mostHits;
        const phaseNow = page.next === null || isFull ? 'done' : found.length >= wanted ? 'more' : 'searching';
        this.store.setState(({ searchedBytes }) => ({ hits: found.slice(0, mostHits), searchedBytes: searchedBytes + page.searchedBytes, page, phase: phaseNow }));
        if (phaseNow !== 'searching') return;
      }
    } catch (error) {
      if (!running.signal.aborted) this.store.setState({ phase: 'failed', error: asVireoError(error) });
    }
  }

  /** What was found stays, and `more` goes on. */
  cancel(): void {
    this.#running?.abort();
    if (this.store.getState().phase === 'searching') this.store.setState({ phase: 'cancelled' });
  }

  [Symbol.dispose](): void {
    this.#running?.abort();
  }
}
