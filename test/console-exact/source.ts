/** What a guest says in a proof of exactness: made of a seed, different at every place, and known at each without being kept. */
import { createCipheriv, createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const blockBytes = 16;
const chunkBytes = 1 << 20;

/** A stream of pseudo-random bytes, or of UTF-8 text. */
export class Source {
  readonly bytes: number;
  readonly #key: Buffer;
  readonly #text: Buffer | null;

  constructor(kind: 'binary' | 'text', seed: number, bytes: number) {
    this.bytes = bytes;
    this.#key = createHash('sha256').update(`${kind} ${seed}`).digest().subarray(0, 16);
    this.#text = kind === 'text' ? textOf(this.#binary(0, bytes), bytes) : null;
  }

  /** The bytes from `from` on, shorter at the end. */
  read(from: number, length: number): Buffer {
    const end = Math.min(from + length, this.bytes);
    return this.#text?.subarray(from, end) ?? this.#binary(from, Math.max(0, end - from));
  }

  /** Appends the whole to a file. */
  async writeTo(file: string): Promise<void> {
    const handle = await open(file, 'a');
    try {
      for (let at = 0; at < this.bytes; at += chunkBytes) await handle.writeFile(this.read(at, chunkBytes));
    } finally {
      await handle.close();
    }
  }

  /** A counter, encrypted: any place of it can be computed alone. */
  #binary(from: number, length: number): Buffer {
    const counter = Buffer.alloc(blockBytes);
    counter.writeBigUInt64BE(BigInt(Math.floor(from / blockBytes)), 8);
    const skipped = from % blockBytes;
    return createCipheriv('aes-128-ctr', this.#key, counter).update(Buffer.alloc(skipped + length)).subarray(skipped);
  }
}

const alphabet = Array.from('abcdefghij0123456789 \näßéñøλжяשعไ日本語한글🙂🚀𝄞');

/** Text of characters of one to four bytes, cut to the byte: the last one may be half. */
function textOf(random: Buffer, bytes: number): Buffer {
  const pieces: Buffer[] = [];
  const encoded = alphabet.map((character) => Buffer.from(character));
  for (let at = 0, length = 0; length < bytes; at++) {
    const piece = encoded[random[at % random.length]! % encoded.length]!;
    pieces.push(piece);
    length += piece.length;
  }
  return Buffer.concat(pieces).subarray(0, bytes);
}
