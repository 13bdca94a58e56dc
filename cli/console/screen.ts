/**
 * What a console shows: the guest's bytes in order, each piece told as shown only when it was, and between them our own
 * messages, on lines of their own where both go to the same terminal.
 */
import type { Clock } from '../../core/base/clock.ts';
import type { TextSink } from '../output.ts';
import { TextPlace } from './text-place.ts';

/** A guest that stands in the middle of a control sequence for so long will not end it. */
const patienceMs = 500;

export interface ScreenOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly clock: Clock;
}

export class Screen {
  readonly #options: ScreenOptions;
  readonly #place: TextPlace | null;
  #last: Promise<void>;
  #begin!: () => void;
  /** Messages that wait for a place between characters. */
  readonly #waiting: string[] = [];

  constructor(options: ScreenOptions) {
    this.#options = options;
    const { stdout, stderr } = options;
    this.#place = stdout.isTTY && stderr.isTTY ? new TextPlace() : null;
    this.#last = new Promise((resolve) => (this.#begin = resolve));
  }

  /** Nothing is shown before this. */
  begin(): void {
    this.#begin();
  }

  /** Resolves when the bytes were shown; rejects when they could not be. */
  write(bytes: Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#write(bytes));
    this.#last = written.catch(() => {});
    return written;
  }

  /** A message from us; after what came before it, where it would stand in the guest's way. */
  tell(text: string): void {
    const place = this.#place;
    if (!place) return void this.#options.stderr.write(`vireo: ${text}\n`);
    this.#last = this.#last.then(() => {
      this.#waiting.push(text);
      this.#tellWaiting();
      if (this.#waiting.length > 0) void this.#options.clock.sleep(patienceMs).then(() => this.#tellWaiting('anywhere'));
    });
  }

  /** Resolves when everything was shown or could not be. */
  async drained(): Promise<void> {
    this.begin();
    await this.#last;
    this.#tellWaiting('anywhere');
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.stdout.write(bytes, (error) => {
        if (error) return reject(error);
        this.#place?.take(bytes);
        this.#tellWaiting();
        resolve();
      });
    });
  }

  #tellWaiting(where: 'between characters' | 'anywhere' = 'between characters'): void {
    const place = this.#place;
    if (!place || this.#waiting.length === 0 || (where !== 'anywhere' && !place.betweenCharacters)) return;
    const texts = this.#waiting.splice(0);
    // The terminal is raw: a newline alone does not go back to the first column.
    this.#options.stderr.write(`${place.atLineStart ? '\r' : '\r\n'}${texts.map((text) => `vireo: ${text}\r\n`).join('')}`);
  }
}
