/**
 * Where a guest's output stands on the screen, so that a message from us never falls into the middle of a character or
 * of a control sequence (ECMA-48), which would show as garbage and might swallow what follows.
 */
const escape = 0x1b;
const bell = 0x07;
const newline = 0x0a;

type State = 'text' | 'escape' | 'sequence' | 'string' | 'end of string';

export class TextPlace {
  #state: State = 'text';
  /** Bytes that the UTF-8 character begun last still wants. */
  #wanted = 0;
  #atLineStart = true;

  /** Nothing was printed since the last newline. */
  get atLineStart(): boolean {
    return this.#atLineStart;
  }

  get betweenCharacters(): boolean {
    return this.#state === 'text' && this.#wanted === 0;
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) this.#state = this.#after(byte);
  }

  #after(byte: number): State {
    // CAN and SUB end whatever was begun.
    if (byte === 0x18 || byte === 0x1a) return 'text';
    if (this.#state === 'string') return byte === escape ? 'end of string' : byte === bell ? 'text' : 'string';
    if (byte === escape) return 'escape';
    if (this.#state === 'end of string' && byte === 0x5c) return 'text';
    if (this.#state === 'sequence') return byte >= 0x40 && byte <= 0x7e ? 'text' : 'sequence';
    if (this.#state !== 'text') return afterEscape(byte);
    this.#wanted = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : byte >= 0x80 ? Math.max(0, this.#wanted - 1) : 0;
    if (byte === newline) this.#atLineStart = true;
    else if (byte > 0x20) this.#atLineStart = false;
    return 'text';
  }
}

/** `[` opens a control sequence, `P X ] ^ _` a string, what is below `0` comes before a last byte. */
function afterEscape(byte: number): State {
  if (byte === 0x5b) return 'sequence';
  if ([0x50, 0x58, 0x5d, 0x5e, 0x5f].includes(byte)) return 'string';
  return byte >= 0x20 && byte <= 0x2f ? 'escape' : 'text';
}
