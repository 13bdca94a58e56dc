/**
 * The newest bytes of a console in bounded memory, addressed by their offset in the stream. Old bytes give way without
 * a word: whoever needs them asks `start` first.
 *
 * `capacity` bytes are always kept. Beyond them are those that somebody still needs (`hold`), up to `maximum`: they come
 * in blocks that are taken as a flood comes and given back as it is worked off, so that a calm console costs little.
 */
import { invariant } from '../base/errors.ts';

const blocksInCapacity = 4;
/** Blocks that are kept for the next bytes: a flood that is followed closely allocates nothing. */
const maximumSpareBlocks = 2;

/** Compared by one call; where that finds a difference, byte after byte is looked at. */
const comparedBytes = 4_096;

export class HistoryRing {
  readonly capacity: number;
  readonly maximum: number;
  readonly #blockBytes: number;
  /** From the oldest to the newest; all but the last are full. */
  #blocks: Buffer[] = [];
  #spare: Buffer[] = [];
  /** Offset of the first byte of the first block. */
  #first = 0;
  #start = 0;
  #end = 0;
  #held = Number.POSITIVE_INFINITY;

  constructor(capacity: number, maximum = capacity) {
    invariant(Number.isSafeInteger(capacity) && capacity > 0 && maximum >= capacity, `a ring of ${capacity} bytes, ${maximum} at most`);
    this.capacity = capacity;
    this.maximum = maximum;
    this.#blockBytes = Math.ceil(capacity / blocksInCapacity);
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
    for (let from = 0; from < bytes.length; ) {
      const at = (this.#end - this.#first) % this.#blockBytes;
      if (at === 0) this.#blocks.push(this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#blockBytes));
      const length = Math.min(bytes.length - from, this.#blockBytes - at);
      this.#blocks.at(-1)!.set(from === 0 && length === bytes.length ? bytes : bytes.subarray(from, from + length), at);
      this.#end += length;
      from += length;
      this.#forget();
    }
  }

  /** Keeps the bytes from `offset` on while there is room; those before give way beyond `capacity`. */
  hold(offset: number): void {
    this.#held = offset;
    this.#forget();
  }

  /** Goes on at a later offset without the bytes between; what was kept before is forgotten. */
  skipTo(offset: number): void {
    invariant(offset >= this.#end, `a ring cannot go back from ${this.#end} to ${offset}`);
    this.#blocks = [];
    this.#first = offset;
    this.#start = offset;
    this.#end = offset;
  }

  /** A copy of at most `length` bytes from `from`, which must be kept; shorter at the end. */
  read(from: number, length: number): Buffer {
    const copied = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#end - from)));
    this.copy(from, copied);
    return copied;
  }

  /** Fills `target` with the bytes from `from`, which must be kept. @returns how many there were. */
  copy(from: number, target: Buffer): number {
    invariant(from >= this.#start && from <= this.#end, `offset ${from} outside [${this.#start}, ${this.#end}]`);
    const length = Math.min(target.length, this.#end - from);
    for (let copied = 0; copied < length; ) {
      const into = from + copied - this.#first;
      const at = into % this.#blockBytes;
      copied += this.#blocks[(into - at) / this.#blockBytes]!.copy(target, copied, at, Math.min(this.#blockBytes, at + length - copied));
    }
    return length;
  }

  /** How many bytes from `from`, which must be kept, are those that `other` begins with. */
  commonLength(from: number, other: Buffer): number {
    invariant(from >= this.#start && from <= this.#end, `offset ${from} outside [${this.#start}, ${this.#end}]`);
    const length = Math.min(other.length, this.#end - from);
    for (let same = 0; same < length; ) {
      const into = from + same - this.#first;
      const at = into % this.#blockBytes;
      const block = this.#blocks[(into - at) / this.#blockBytes]!;
      const compared = Math.min(comparedBytes, length - same, this.#blockBytes - at);
      if (block.compare(other, same, same + compared, at, at + compared) !== 0) return same + firstDifference(block, at, other, same);
      same += compared;
    }
    return length;
  }

  #forget(): void {
    const wanted = Math.min(this.#end - this.capacity, this.#held);
    this.#start = Math.max(this.#start, wanted, this.#end - this.maximum);
    while (this.#first + this.#blockBytes <= this.#start) {
      const block = this.#blocks.shift()!;
      if (this.#spare.length < maximumSpareBlocks) this.#spare.push(block);
      this.#first += this.#blockBytes;
    }
  }
}

/** How far the two agree, which they do not for ever. */
function firstDifference(one: Buffer, oneAt: number, other: Buffer, otherAt: number): number {
  let same = 0;
  while (one[oneAt + same] === other[otherAt + same]) same++;
  return same;
}
