/**
 * Whether copying a guest's memory will end. QEMU copies in passes: what the guest has changed during one is copied in the
 * next, until what is left fits into the longest pause. So each pass is a vote, two that agree decide, and a verdict that
 * stands needs clearer figures to fall than it needed to come up: a sentence that flickers is worth nothing.
 */
export interface MemorySample {
  readonly atMs: number;
  readonly remainingBytes: number;
  readonly speedBytesPerSecond: number | null;
  /** Null or zero until the first pass is over. */
  readonly dirtyBytesPerSecond: number | null;
  readonly iteration: number;
}

export interface Outlook {
  readonly converges: boolean;
  /** Until the switch-over; null where it will not come or cannot be told. */
  readonly remainingMs: number | null;
}

/** A link that carries so little more than the guest changes gets nowhere in a time that anybody waits for. */
const hopelessShare = 0.95;
const hopefulShare = 0.8;
const votesNeeded = 2;
/** A link that became this much faster, for so many looks, is believed before the next pass is over. */
const clearlyFasterShare = 0.6;
const looksNeeded = 5;
/** Of the newest speed in the smoothed one, at each look. */
const smoothing = 0.3;

export class Convergence {
  #last: MemorySample | null = null;
  #passBegan: { readonly atMs: number; readonly remainingBytes: number } | null = null;
  #speed: number | null = null;
  #converges = true;
  #votes = 0;
  #clearLooks = 0;

  /** @param pauseMs the longest pause that the guest may be given; null where it is not known. */
  look(sample: MemorySample, pauseMs: number | null): void {
    const before = this.#last;
    this.#last = sample;
    const { speedBytesPerSecond: speed } = sample;
    if (speed !== null && speed > 0) this.#speed = this.#speed === null ? speed : this.#speed + smoothing * (speed - this.#speed);
    if (!before || sample.iteration > before.iteration) this.#passBegins(sample, pauseMs);
    this.#clearLooks = this.#share(sample) < clearlyFasterShare ? this.#clearLooks + 1 : 0;
    if (this.#clearLooks >= looksNeeded) this.#decide(true);
  }

  /** The link or the guest was given another speed: what was seen until now says little. */
  leverMoved(): void {
    this.#votes = 0;
    this.#speed = null;
    this.#clearLooks = 0;
  }

  /** The link's real speed, smoothed. */
  get speedBytesPerSecond(): number | null {
    return this.#speed;
  }

  /** Null before the first pass is over. */
  outlook(): Outlook | null {
    const sample = this.#last;
    const speed = this.#speed;
    if (!sample || !this.#passBegan || sample.iteration < 2) return null;
    if (!this.#converges || speed === null) return { converges: this.#converges, remainingMs: null };
    const dirty = sample.dirtyBytesPerSecond ?? 0;
    // What this pass has changed already is not counted as remaining before the next begins.
    const changed = (dirty * (sample.atMs - this.#passBegan.atMs)) / 1000;
    const gain = speed - dirty;
    return { converges: true, remainingMs: gain > 0 ? Math.round(((sample.remainingBytes + changed) / gain) * 1000) : null };
  }

  /** Of the first pass, while the guest's changes are not known. */
  firstPassMs(): number | null {
    const sample = this.#last;
    if (!sample || sample.iteration > 1 || this.#speed === null) return null;
    return Math.round((sample.remainingBytes / this.#speed) * 1000);
  }

  #passBegins(sample: MemorySample, pauseMs: number | null): void {
    const before = this.#passBegan;
    this.#passBegan = { atMs: sample.atMs, remainingBytes: sample.remainingBytes };
    if (!before || sample.iteration < 2) return;
    if (pauseMs !== null && this.#speed !== null && sample.remainingBytes <= (this.#speed * pauseMs) / 1000) return this.#decide(true);
    const share = this.#share(sample);
    // The first pass copied all there is, so what the second has to do is less for every guest.
    const shrank = sample.iteration > 2 ? sample.remainingBytes / Math.max(1, before.remainingBytes) : 0;
    if (share >= hopelessShare || shrank >= hopelessShare) this.#vote(false);
    else if (share < hopefulShare && shrank < hopefulShare) this.#vote(true);
  }

  #vote(converges: boolean): void {
    if (converges === this.#converges) {
      this.#votes = 0;
      return;
    }
    this.#votes += 1;
    if (this.#votes >= votesNeeded) this.#decide(converges);
  }

  #decide(converges: boolean): void {
    this.#converges = converges;
    this.#votes = 0;
  }

  /** What the guest changes of what the link carries. */
  #share({ dirtyBytesPerSecond: dirty }: MemorySample): number {
    if (dirty === null || this.#speed === null || this.#speed === 0) return 1;
    return dirty / this.#speed;
  }
}
