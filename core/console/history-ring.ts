/**
 * The newest bytes of a console in bounded memory, addressed by their offset in the stream. Old bytes give way without
 * a word: whoever needs them asks `start` first.
 */
import { invariant } from '../base/errors.ts';

export class HistoryRing {
  readonly capacity: number;
  readonly #bytes: Buffer;
  #start = 0;
  #end = 0;

  constructor(capacity: number) {
    invariant(Number.isSafeInteger(capacity) && capacity > 0, `a ring of ${capacity} bytes`);
    this.capacity = capacity;
    this.#bytes = Buffer.alloc(capacity);
  }

  /** Offset of the oldest byte kept. */
  get start(): number {
    return this.#start;
  }

  /** Offset that the next byte will have. */
  get end(): number {
    return this.#end;
  }

  append(bytes: Uint8Array): void {
    const kept = bytes.length > this.capacity ? bytes.subarray(bytes.length - this.capacity) : bytes;
    this.#end += bytes.length;
    const at = (this.#end - kept.length) % this.capacity;
    const first = Math.min(kept.length, this.capacity - at);
    this.#bytes.set(kept.subarray(0, first), at);
    this.#bytes.set(kept.subarray(first), 0);
    this.#start = Math.max(this.#start, this.#end - this.capacity);
  }

  /** Goes on at a later offset without the bytes between; what was kept before is forgotten. */
  skipTo(offset: number): void {
    invariant(offset >= this.#end, `a ring cannot go back from ${this.#end} to ${offset}`);
    this.#start = offset;
    this.#end = offset;
  }

  /** A copy of at most `length` bytes from `from`, which must be kept; shorter at the end. */
  read(from: number, length: number): Buffer {
    invariant(from >= this.#start && from <= this.#end, `offset ${from} outside [${this.#start}, ${this.#end}]`);
    const copied = Buffer.allocUnsafe(Math.min(length, this.#end - from));
    const at = from % this.capacity;
    const first = Math.min(copied.length, this.capacity - at);
    this.#bytes.copy(copied, 0, at, at + first);
    this.#bytes.copy(copied, first, 0, copied.length - first);
    return copied;
  }
}
