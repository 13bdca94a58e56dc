/**
 * What waits to be handled of one domain, in order and within a limit. A guest can make QEMU send events faster than
 * anybody handles them; what it says again and again is merged, so that what happens once is never pushed out.
 */

/** What may become of an event that waits while others come. */
export type Keeping =
  /** It is handled, whatever comes. */
  | 'each'
  /** It says how the guest is from now on: of too many the oldest are dropped, for those that follow say it anew. */
  | 'state'
  /** Of those with one key that wait, with no `each` or `state` between them, the last one counts. */
  | 'latest';

export interface Waiting {
  readonly name: string;
  readonly keeping: Keeping;
  /** What `latest` merges by, within the name. */
  readonly key: string;
  readonly work: () => Promise<void> | void;
}

/** Far more than a guest in good order ever makes wait, and less than a megabyte. */
const maximumWaiting = 1_000;

type Slot = { waiting: Waiting };

export class EventQueue {
  readonly #slots: Slot[] = [];
  readonly #latest = new Map<string, Slot>();
  readonly #onDropped: (name: string) => void;

  /** `onDropped` is told the first time that one is dropped since the queue was empty. */
  constructor(onDropped: (name: string) => void) {
    this.#onDropped = onDropped;
  }

  #told = false;

  get size(): number {
    return this.#slots.length;
  }

  add(waiting: Waiting): void {
    if (waiting.keeping === 'latest') return this.#addLatest(waiting);
    this.#latest.clear(); // what comes later must not be told as if it had come before this
    this.#slots.push({ waiting });
    if (this.#slots.length > maximumWaiting) this.#dropOldestState();
  }

  take(): Waiting | null {
    const slot = this.#slots.shift();
    if (!slot) return null;
    const { name, key, keeping } = slot.waiting;
    if (keeping === 'latest' && this.#latest.get(`${name} ${key}`) === slot) this.#latest.delete(`${name} ${key}`);
    if (this.#slots.length === 0) this.#told = false;
    return slot.waiting;
  }

  #addLatest(waiting: Waiting): void {
    const key = `${waiting.name} ${waiting.key}`;
    const earlier = this.#latest.get(key);
    if (earlier) {
      earlier.waiting = waiting;
      return;
    }
    if (this.#slots.length >= maximumWaiting) return this.#tellDropped(waiting.name);
    const slot = { waiting };
    this.#slots.push(slot);
    this.#latest.set(key, slot);
  }

  /** One of the `latest` goes where no state is left. What must be kept is kept over the limit: QEMU cannot make it many. */
  #dropOldestState(): void {
    for (const keeping of ['latest', 'state'] as const) {
      const index = this.#slots.findIndex((slot) => slot.waiting.keeping === keeping);
      const [dropped] = index < 0 ? [] : this.#slots.splice(index, 1);
      if (dropped) return this.#tellDropped(dropped.waiting.name);
    }
  }

  #tellDropped(name: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#onDropped(name);
  }
}
