/**
 * Records what a pane shows from now on: asciicast, written to the user's file as it comes, so that a crash loses a
 * moment and not the recording. A file that cannot be written (a full disk) ends it, which is told.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import { type Clock, systemClock } from '../../core/base/clock.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { castEvent, castHeader } from './asciicast.ts';
import { type GuestEncodingId, createDecoder } from './guest-encoding.ts';

export interface RecordingState {
  /** Null while nothing is recorded. */
  readonly path: string | null;
  readonly sinceMs: number;
  readonly sizeBytes: number;
}

/** A file that the user named. */
export interface RecordingFile {
  readonly path: string;
  /** Resolves with the bytes in the file. */
  append(text: string): Promise<number>;
  close(): Promise<void>;
}

export interface RecorderSource {
  readonly title: string;
  readonly encoding: GuestEncodingId;
  readonly columns: number;
  readonly rows: number;
  /** What comes from the guest, until the answer is disposed. */
  onBytes(listener: (bytes: Uint8Array) => void): Disposable;
  onResize(listener: (columns: number, rows: number) => void): Disposable;
}

const writeEveryMs = 250;
/** Of events that wait for the disk. */
const maximumWaitingCharacters = 8 << 20;

export class ConsoleRecorder implements Disposable {
  readonly store: StoreApi<RecordingState> = createStore(() => ({ path: null, sinceMs: 0, sizeBytes: 0 }));
  readonly #onFailure: (error: VireoError) => void;
  readonly #clock: Clock;
  #running: { readonly ending: AbortController; readonly ended: Promise<void> } | null = null;

  constructor(onFailure: (error: VireoError) => void, clock: Clock = systemClock) {
    this.#onFailure = onFailure;
    this.#clock = clock;
  }

  start(file: RecordingFile, source: RecorderSource): void {
    if (this.#running) return;
    const ending = new AbortController();
    this.store.setState({ path: file.path, sinceMs: this.#clock.wallTime(), sizeBytes: 0 });
    this.#running = { ending, ended: this.#record(file, source, ending.signal) };
  }

  /** Resolves when the file is closed. */
  async stop(): Promise<void> {
    this.#running?.ending.abort();
    await this.#running?.ended;
  }

  [Symbol.dispose](): void {
    void this.stop();
  }

  async #record(file: RecordingFile, source: RecorderSource, signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.now();
    const decoder = createDecoder(source.encoding);
    let waiting = castHeader({ columns: source.columns, rows: source.rows, atMs: this.#clock.wallTime(), title: source.title });
    const add = (kind: 'o' | 'r', text: string): void => {
      if (text !== '') waiting += castEvent(this.#clock.now() - startedMs, kind, text);
    };
    const subscriptions = [
      source.onBytes((bytes) => add('o', decoder.decode(bytes))),
      source.onResize((columns, rows) => add('r', `${columns}x${rows}`)),
    ];
    try {
      for (let isLast = false; !isLast; ) {
        isLast = signal.aborted;
        if (waiting.length > maximumWaitingCharacters) throw new VireoError('SYSTEM_ERROR', `${file.path} is written more slowly than the guest prints`);
        const text = waiting;
        waiting = '';
        if (text !== '') this.store.setState({ sizeBytes: await file.append(text) });
        if (!isLast) await this.#clock.sleep(writeEveryMs, signal);
      }
    } catch (error) {
      this.#onFailure(asVireoError(error));
    } finally {
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      await file.close().catch(() => {}); // a connection that is gone has closed it
      this.#running = null;
      this.store.setState({ path: null });
    }
  }
}
