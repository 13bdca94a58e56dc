/**
 * Small pictures of guests' screens, for as long as somebody looks at them. Nobody is asked more often than every few
 * seconds, and only a few at a time, however many are in sight; a picture that has not changed is not sent again. A guest
 * that is busy or does not answer keeps its last picture.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { Client } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';

export interface Thumbnail {
  readonly version: string;
  /** A PNG as a `data:` URL. */
  readonly url: string;
  readonly screenWidthPixels: number;
  readonly screenHeightPixels: number;
  /** When it was last known to be what the screen shows, by the clock on the wall. */
  readonly atMs: number;
}

export type ThumbnailStore = StoreApi<{ readonly pictures: ReadonlyMap<string, Thumbnail> }>;

/** One picture: which run of which domain, and how wide. */
export interface ThumbnailPlace {
  readonly uuid: string;
  /** The domain's id, another one for each run: the last picture of a guest is none of the next one. */
  readonly run: number;
  readonly widthPixels: number;
}

export function thumbnailKey({ uuid, run, widthPixels }: ThumbnailPlace): string {
  return `${uuid}/${run}/${widthPixels}`;
}

export interface ThumbnailFeedOptions {
  readonly beatMs?: number;
  readonly maximumAtOnce?: number;
  readonly maximumPictures?: number;
}

/** Somebody else worked with the domain just then: soon again, but not at once. */
const busyMs = 1_000;
/** A domain that has no picture, or a QEMU that does not answer, is asked less often: so many beats. */
const troubleBeats = 6;
/** Longer than the driver waits for a QEMU, so that its own words arrive. */
const answerMs = 10_000;

interface Watched {
  readonly place: ThumbnailPlace;
  watchers: number;
  dueMs: number;
  isAsked: boolean;
}

export class ThumbnailFeed {
  readonly store: ThumbnailStore = createStore(() => ({ pictures: new Map() }));
  readonly #client: Client;
  readonly #beatMs: number;
  readonly #maximumAtOnce: number;
  readonly #maximumPictures: number;
  readonly #watched = new Map<string, Watched>();
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, { beatMs = 5_000, maximumAtOnce = 2, maximumPictures = 200 }: ThumbnailFeedOptions = {}) {
    this.#client = client;
    this.#beatMs = beatMs;
    this.#maximumAtOnce = maximumAtOnce;
    this.#maximumPictures = maximumPictures;
  }

  /** Asks for the picture until it is disposed. */
  watch(place: ThumbnailPlace): Disposable {
    const key = thumbnailKey(place);
    let watched = this.#watched.get(key);
    if (!watched) {
      const known = this.store.getState().pictures.get(key);
      // Scrolling past a row and back is no reason to ask anew.
      const dueMs = known ? performance.now() + Math.max(0, this.#beatMs - (Date.now() - known.atMs)) : performance.now();
      watched = { place, watchers: 0, dueMs, isAsked: false };
      this.#watched.set(key, watched);
    }
    watched.watchers += 1;
    this.#next();
    let isLeft = false;
    return {
      [Symbol.dispose]: () => {
        if (isLeft) return;
        isLeft = true;
        watched.watchers -= 1;
        if (watched.watchers === 0 && this.#watched.get(key) === watched) this.#watched.delete(key);
        if (this.#watched.size === 0) clearTimeout(this.#timer);
      },
    };
  }

  /** Asks for those that are due, the longest due first, and comes back for the next one. */
  #next(): void {
    clearTimeout(this.#timer);
    const waiting = [...this.#watched.values()].filter(({ isAsked }) => !isAsked).toSorted((one, other) => one.dueMs - other.dueMs);
    const nowMs = performance.now();
    for (const watched of waiting) {
      if (this.#asked >= this.#maximumAtOnce) return; // who answers comes back
      if (watched.dueMs > nowMs) return void (this.#timer = setTimeout(() => this.#next(), watched.dueMs - nowMs));
      void this.#ask(watched);
    }
  }

  async #ask(watched: Watched): Promise<void> {
    const { place } = watched;
    const key = thumbnailKey(place);
    this.#asked += 1;
    watched.isAsked = true;
    let waitMs = this.#beatMs;
    try {
      const known = this.store.getState().pictures.get(key);
      const { version, picture } = await this.#client.call('domainGetThumbnail', { domain: place.uuid, maximumWidthPixels: place.widthPixels, known: known?.version ?? null }, { timeoutMs: answerMs });
      if (picture) this.#keep(key, { version, url: `data:image/png;base64,${picture.image}`, screenWidthPixels: picture.screenWidthPixels, screenHeightPixels: picture.screenHeightPixels, atMs: Date.now() });
      else if (known) this.#keep(key, { ...known, atMs: Date.now() });
    } catch (error) {
      waitMs = asVireoError(error).code === 'RESOURCE_BUSY' ? Math.min(busyMs, this.#beatMs) : this.#beatMs * troubleBeats;
    } finally {
      this.#asked -= 1;
      watched.isAsked = false;
      watched.dueMs = performance.now() + waitMs;
      this.#next();
    }
  }

  #keep(key: string, picture: Thumbnail): void {
    this.store.setState(({ pictures }) => {
      const next = new Map(pictures);
      next.delete(key);
      next.set(key, picture); // the one that was seen last is the last to go
      const [oldest] = next.keys();
      if (next.size > this.#maximumPictures && oldest !== undefined) next.delete(oldest);
      return { pictures: next };
    });
  }
}
