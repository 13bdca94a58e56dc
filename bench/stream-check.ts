/** Judges a stream of bytes as it comes: every byte once and in order, without keeping any. */

export type StreamCheckOptions =
  /** Lines of eight hexadecimal digits, each one more than the one before: the boot sector's flood, joined anywhere. */
  | { readonly kind: 'counter' }
  /** The lines of `seq first last`, over and over, from the beginning. */
  | { readonly kind: 'sequence'; readonly first: number; readonly last: number };

export interface StreamCheck {
  take(bytes: Uint8Array): void;
  /** So many bytes are missing here, as the stream itself said; what follows is judged again. */
  skip(count: number): void;
  readonly wrong: string | null;
}

export function streamCheck(options: StreamCheckOptions): StreamCheck {
  return options.kind === 'counter' ? new CounterCheck() : new CycleCheck(sequenceText(options.first, options.last));
}

export function sequenceText(first: number, last: number): Buffer {
  return Buffer.from(Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\n`).join(''));
}

const lineBytes = 10;

class CounterCheck implements StreamCheck {
  wrong: string | null = null;
  #rest = '';
  #previous: number | null = null;

  take(bytes: Uint8Array): void {
    this.#rest += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    if (this.#previous === null) {
      const end = this.#rest.indexOf('\r\n');
      if (end < 0) return;
      this.#rest = this.#rest.slice(end + 2);
    }
    let at = 0;
    for (; at + lineBytes <= this.#rest.length; at += lineBytes) {
      const line = this.#rest.slice(at, at + lineBytes);
      const number = /^[0-9a-f]{8}\r\n$/.test(line) ? Number.parseInt(line, 16) : Number.NaN;
      const expected = this.#previous === null ? number : this.#previous + 1;
      if (number !== expected) this.wrong ??= `after line ${this.#previous} came ${JSON.stringify(line)}`;
      this.#previous = number;
    }
    this.#rest = this.#rest.slice(at);
  }

  skip(): void {
    this.#previous = null;
    this.#rest = '';
  }
}

class CycleCheck implements StreamCheck {
  wrong: string | null = null;
  readonly #cycle: Buffer;
  #at = 0;

  constructor(cycle: Buffer) {
    this.#cycle = cycle;
  }

  take(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const place = this.#at % this.#cycle.length;
      const length = Math.min(bytes.length - from, this.#cycle.length - place);
      const same = this.#cycle.compare(bytes, from, from + length, place, place + length) === 0;
      if (!same) this.wrong ??= `bytes ${this.#at} to ${this.#at + length} are not the expected ones`;
      this.#at += length;
      from += length;
    }
  }

  skip(count: number): void {
    this.#at += count;
  }
}
