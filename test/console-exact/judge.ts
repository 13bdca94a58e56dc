/**
 * Compares what one reader gets with what the guest said: offsets without a hole, every gap marked, every byte the one
 * that the source has there. On a virtio console QEMU itself may leave out what it cannot hand over at once (7.2,
 * hw/char/virtio-console.c); what it left out is then found by looking on in the source, and told.
 */
import type { Source } from './source.ts';

export interface LeftOut {
  /** Place in the source. */
  readonly at: number;
  readonly bytes: number;
}

/** Equal bytes of random data that cannot be an accident. */
const proofBytes = 32;
const searchedBytes = 1 << 20;

export class Judge {
  readonly #source: Source;
  /** Where in the console's stream the source begins. */
  readonly #base: number;
  readonly #mayLeaveOut: boolean;
  #next: number | null = null;
  /** The source's place of the next byte; null after a gap of a stream that QEMU leaves bytes out of. */
  #at: number | null = null;
  #unplaced: Buffer = Buffer.alloc(0);
  readonly leftOut: LeftOut[] = [];
  wrong: string | null = null;
  bytes = 0;
  gapBytes = 0;

  constructor(source: Source, base: number, mayLeaveOut: boolean) {
    this.#source = source;
    this.#base = base;
    this.#mayLeaveOut = mayLeaveOut;
  }

  /** Everything that the source has was given, or is in marked gaps. */
  get isComplete(): boolean {
    return this.#at !== null && this.#at >= this.#source.bytes;
  }

  get next(): number | null {
    return this.#next;
  }

  /** A new stream begins at this offset; what went before was another reader's. */
  begin(from: number): void {
    this.#next = from;
    this.#unplaced = Buffer.alloc(0);
    this.#at = this.#mayLeaveOut && from > this.#base ? null : from - this.#base;
  }

  take(bytes: Uint8Array, offset: number): void {
    if (offset !== this.#next) return this.#fail(`bytes at offset ${offset} come where ${this.#next} was due`);
    this.#next = offset + bytes.byteLength;
    // What came before the guest began is none of ours.
    const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(Math.max(0, this.#base - offset));
    if (own.length === 0) return;
    if (this.#at !== null && this.#at < 0) this.#at = 0;
    this.bytes += own.length;
    this.#compare(this.#unplaced.length > 0 ? Buffer.concat([this.#unplaced, own]) : own);
  }

  gap(from: number, to: number): void {
    if (from !== this.#next || to <= from) return this.#fail(`a gap from ${from} to ${to} comes where ${this.#next} was due`);
    this.#next = to;
    this.gapBytes += to - from;
    this.#unplaced = Buffer.alloc(0);
    this.#at = this.#mayLeaveOut || this.#at === null ? null : this.#at + (to - from);
  }

  #compare(bytes: Buffer): void {
    let rest = bytes;
    this.#unplaced = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.#at === null) return this.#place(rest);
      const expected = this.#source.read(this.#at, rest.length);
      const same = expected.equals(rest.subarray(0, expected.length)) ? expected.length : firstDifference(expected, rest);
      this.#at += same;
      if (same === rest.length || this.isComplete) return;
      rest = rest.subarray(same);
      if (!this.#mayLeaveOut) return this.#fail(`byte ${this.#at} of the source is ${expected[same]}, and ${rest[0]} was read`);
      if (rest.length < proofBytes) return void (this.#unplaced = rest);
      const found = this.#find(rest.subarray(0, proofBytes), this.#at);
      if (found === null) return this.#fail(`what follows byte ${this.#at} of the source, at offset ${this.#next! - rest.length}, stands nowhere in the rest of it`);
      this.leftOut.push({ at: this.#at, bytes: found - this.#at });
      this.#at = found;
    }
  }

  /** The place in the source where these bytes stand, from `from` on. */
  #find(key: Buffer, from: number): number | null {
    for (let at = from; at < this.#source.bytes; at += searchedBytes) {
      const found = this.#source.read(at, searchedBytes + proofBytes).indexOf(key);
      if (found >= 0) return at + found;
    }
    return null;
  }

  /** Finds the place of bytes after a gap; nothing before it is known but that it is further on. */
  #place(bytes: Buffer): void {
    if (bytes.length < proofBytes) return void (this.#unplaced = bytes);
    const at = this.#find(bytes.subarray(0, proofBytes), 0);
    if (at !== null) {
      this.#at = at;
      return this.#compare(bytes);
    }
    this.#fail(`bytes after a gap, at offset ${this.#next}, stand nowhere in the source`);
  }

  #fail(what: string): void {
    this.wrong ??= what;
  }
}

function firstDifference(one: Buffer, other: Buffer): number {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  return same;
}
