/**
 * Which stretch of the log file holds which stretch of the stream. The two differ by a few bytes each time QEMU found
 * the connection full (log-follower.ts says why), so a plain difference would slowly drift.
 */
export interface LogStretch {
  readonly streamFrom: number;
  readonly logFrom: number;
  readonly length: number;
}

/** Beyond this many stretches the oldest are forgotten, and their bytes become a gap for a reader who is that late. */
const maximumStretches = 16_384;

export class LogMap {
  #stretches: LogStretch[] = [];

  get size(): number {
    return this.#stretches.length;
  }

  /** Stretches come in rising order; one that continues the last is joined to it. */
  add(stretch: LogStretch): void {
    if (stretch.length <= 0) return;
    const last = this.#stretches.at(-1);
    const follows = last && last.streamFrom + last.length === stretch.streamFrom && last.logFrom + last.length === stretch.logFrom;
    if (follows) this.#stretches[this.#stretches.length - 1] = { ...last, length: last.length + stretch.length };
    else this.#stretches.push(stretch);
    // Half at once, so that forgetting costs nothing on average.
    if (this.#stretches.length > maximumStretches) this.#stretches = this.#stretches.slice(maximumStretches / 2);
  }

  /** The rest of the stretch that holds the byte at `offset`, from that byte on; null where none does. */
  find(offset: number): LogStretch | null {
    const found = this.#stretches[this.#lastNotAfter(offset)];
    if (!found) return null;
    const into = offset - found.streamFrom;
    if (into >= found.length) return null;
    return { streamFrom: offset, logFrom: found.logFrom + into, length: found.length - into };
  }

  /** The offset where the first stretch after `offset` begins, or null. */
  nextAfter(offset: number): number | null {
    return this.#stretches[this.#lastNotAfter(offset) + 1]?.streamFrom ?? null;
  }

  /** Where in the stream the log's byte at `logOffset` lies, or the next one that does; for a log that was never compared the same number. */
  streamAt(logOffset: number): number {
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#stretches[middle]!.logFrom <= logOffset) low = middle + 1;
      else high = middle;
    }
    const found = this.#stretches[low - 1];
    if (!found) return Math.min(logOffset, this.#stretches[0]?.streamFrom ?? logOffset);
    const into = logOffset - found.logFrom;
    // Beyond the last stretch the two go on side by side, until they are compared.
    return low < this.#stretches.length ? found.streamFrom + Math.min(into, found.length) : found.streamFrom + into;
  }

  clear(): void {
    this.#stretches = [];
  }

  /** Index of the last stretch that begins at or before `offset`, or -1. */
  #lastNotAfter(offset: number): number {
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#stretches[middle]!.streamFrom <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
