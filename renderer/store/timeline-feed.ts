/**
 * A domain's timeline as one window shows it with one filter: read when it is started, read again when the host says
 * that there is more, older pages when asked for. A new filter is a new feed.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { Client } from '../../core/api/client.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { TimelineEntry, TimelineKind } from '../../core/timeline/timeline-entry.ts';
import { type TimelinePages, withNewest, withOlder } from './timeline-pages.ts';

export interface TimelineFilter {
  /** Empty for all. */
  readonly kinds: readonly TimelineKind[];
  readonly text: string;
}

export interface FeedState {
  /** Newest first; null until the first page is here. */
  readonly entries: readonly TimelineEntry[] | null;
  /** The `before` of the next older page; null where there is none. */
  readonly next: number | null;
  /** Why the last read failed. */
  readonly error: VireoError | null;
}

const pageSize = 200;
/** A domain about which much is written is read again at most this often. */
const leastIntervalMs = 250;

export class TimelineFeed {
  readonly store: StoreApi<FeedState> = createStore(() => ({ entries: null, next: null, error: null }));
  readonly #client: Client;
  readonly #uuid: string;
  readonly #filter: TimelineFilter;
  #wake = (): void => {};
  #isStale = true;
  #isReadingOlder = false;

  constructor(client: Client, uuid: string, filter: TimelineFilter) {
    this.#client = client;
    this.#uuid = uuid;
    this.#filter = filter;
  }

  /** Reads now and whenever there is more, until it is disposed. May be started again after that. */
  start(): Disposable {
    const left = new AbortController();
    const written = this.#client.on('timeline', ({ uuid }) => {
      if (uuid === this.#uuid) this.refresh();
    });
    left.signal.addEventListener('abort', () => this.#wake(), { once: true });
    this.#isStale = true;
    void this.#follow(left.signal);
    return {
      [Symbol.dispose]() {
        written[Symbol.dispose]();
        left.abort();
      },
    };
  }

  refresh(): void {
    this.#isStale = true;
    this.#wake();
  }

  async loadOlder(): Promise<void> {
    const { entries, next } = this.store.getState();
    if (this.#isReadingOlder || entries === null || next === null) return;
    this.#isReadingOlder = true;
    try {
      const page = await this.#read(next);
      this.#take((known) => withOlder(known, page));
    } catch (thrown) {
      this.store.setState({ error: asVireoError(thrown) });
    } finally {
      this.#isReadingOlder = false;
    }
  }

  async #follow(left: AbortSignal): Promise<void> {
    while (!left.aborted) {
      if (!this.#isStale) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (left.aborted) return;
      this.#isStale = false;
      try {
        const page = await this.#read(null);
        this.#take((known) => withNewest(known, page), page.next);
      } catch (thrown) {
        this.store.setState({ error: asVireoError(thrown) });
      }
      await new Promise((resolve) => setTimeout(resolve, leastIntervalMs));
    }
  }

  #take(change: (known: TimelinePages) => TimelinePages, firstNext: number | null = null): void {
    const { entries, next } = this.store.getState();
    this.store.setState({ ...change(entries === null ? { entries: [], next: firstNext } : { entries, next }), error: null });
  }

  #read(before: number | null): Promise<TimelinePages> {
    const { kinds, text } = this.#filter;
    return this.#client.call('domainGetTimeline', { domain: this.#uuid, before, limit: pageSize, kinds: [...kinds], text: text === '' ? null : text });
  }
}
