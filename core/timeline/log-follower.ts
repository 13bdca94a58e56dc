/** Reads what QEMU writes to its log as it comes, woken by the file and not by a clock: a silent QEMU costs nothing. */
import { type FSWatcher, watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { WordsFilter } from './qemu-words.ts';

const pieceBytes = 64 * 1024;
/** What came at once beyond this is left to the log itself. */
const maximumBehindBytes = 1 << 20;

export interface LogFollowerOptions {
  readonly path: string;
  /** Offset of the first byte that was not read yet. */
  readonly from: number;
  /** `offset` is where in the log the line ends. */
  readonly onLine: (line: string, offset: number) => void;
}

export class LogFollower implements Disposable {
  readonly #options: LogFollowerOptions;
  readonly #filter = new WordsFilter();
  #watcher: FSWatcher | null = null;
  #offset: number;
  #held = Buffer.alloc(0);
  #reading: Promise<void> = Promise.resolve();
  #isAsked = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#offset = options.from;
  }

  /** Everything before it was told. */
  get offset(): number {
    return this.#offset - this.#held.length;
  }

  /** Where the system has no watch left, the lines come with the end of the run. */
  start(): void {
    try {
      this.#watcher = watch(this.#options.path, { persistent: false }, () => this.#ask());
      this.#watcher.on('error', () => this[Symbol.dispose]());
    } catch {
      this.#watcher = null;
    }
    this.#ask();
  }

  /** Resolves when all that is in the file now has been told. Never rejects. */
  async catchUp(): Promise<void> {
    this.#ask();
    await this.#reading;
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#reading = this.#reading.then(async () => {
      this.#isAsked = false;
      await this.#read().catch(() => {}); // the log is gone, or cannot be read: there is nothing to tell
    });
  }

  async #read(): Promise<void> {
    const { size } = await stat(this.#options.path);
    if (size < this.#offset) this.#skipTo(0); // it was cut
    if (size - this.#offset > maximumBehindBytes) this.#skipTo(size - maximumBehindBytes);
    if (size === this.#offset) return;
    const handle = await open(this.#options.path, 'r');
    try {
      while (this.#offset < size) {
        const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(Math.min(pieceBytes, size - this.#offset)), position: this.#offset });
        if (bytesRead === 0) return;
        this.#take(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }

  #skipTo(offset: number): void {
    this.#offset = offset;
    this.#held = Buffer.alloc(0);
  }

  #take(piece: Buffer): void {
    const start = this.#offset - this.#held.length;
    const bytes = Buffer.concat([this.#held, piece]);
    this.#offset += piece.length;
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
      const line = this.#filter.accept(bytes.subarray(from, end).toString('utf8'));
      from = end + 1;
      if (line !== null) this.#options.onLine(line, start + from);
    }
    this.#held = bytes.length - from > pieceBytes ? Buffer.alloc(0) : Buffer.from(bytes.subarray(from));
  }
}
