/**
 * Cuts a stream of bytes into lines, whatever pieces it arrives in. A piece is searched once, so a line of 64 MiB costs
 * one copy and not thousands; what has no end yet is held up to a limit.
 */
const newline = 0x0a;

export class LineSplitter {
  readonly #maximumBytes: number;
  #pieces: Buffer[] = [];
  #heldBytes = 0;

  /** A line, without its end, may have `maximumBytes`. */
  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** How many bytes of an unfinished line are held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * The lines that `chunk` ends, in order, without `\n` or `\r\n`. The chunk is kept until its last line ends: hand over
   * ownership. After 'too-long' the splitter is of no more use.
   */
  *push(chunk: Buffer): Generator<Buffer | 'too-long', void> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      if (this.#heldBytes + end - start > this.#maximumBytes) return void (yield 'too-long');
      const line = this.#take(chunk.subarray(start, end));
      start = end + 1;
      yield line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
    }
    const rest = chunk.subarray(start);
    if (rest.length === 0) return;
    if (this.#heldBytes + rest.length > this.#maximumBytes) return void (yield 'too-long');
    this.#pieces.push(rest);
    this.#heldBytes += rest.length;
  }

  #take(end: Buffer): Buffer {
    if (this.#pieces.length === 0) return end;
    const line = Buffer.concat([...this.#pieces, end]);
    this.#pieces = [];
    this.#heldBytes = 0;
    return line;
  }
}
