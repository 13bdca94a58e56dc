/**
 * The last bytes that a terminal was given, so that they can be shown again as another encoding reads them. Bounded: what
 * is older stays as it was read, and goes from the screen.
 */
export const shownBytesKept = 1 << 20;

export class ShownBytes {
  readonly #pieces: (Uint8Array | string)[] = [];
  #size = 0;

  /** Bytes of the guest, or a text of Vireo's own between them. */
  push(piece: Uint8Array | string): void {
    if (piece.length === 0) return;
    this.#pieces.push(typeof piece === 'string' ? piece : piece.slice());
    this.#size += piece.length;
    while (this.#size > shownBytesKept && this.#pieces.length > 1) this.#size -= this.#pieces.shift()!.length;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#size = 0;
  }

  get pieces(): readonly (Uint8Array | string)[] {
    return this.#pieces;
  }
}
