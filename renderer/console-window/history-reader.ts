/**
 * A stretch of a console's log around a place, read piece by piece and made longer at either end when asked. Bounded:
 * what is far from where somebody reads on is let go.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';

/** What the host has kept from `from` on: bytes, or nothing for a part that is kept nowhere. */
export interface LogPage {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** Without bytes it is a gap. */
export interface LogPiece {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

export interface HistoryState {
  readonly pieces: readonly LogPiece[];
  /** The stretch that is read; `from` equals `to` until something is. */
  readonly from: number;
  readonly to: number;
  /** What the host has. */
  readonly start: number;
  readonly end: number;
  readonly busy: 'opening' | 'earlier' | 'later' | null;
  readonly error: VireoError | null;
}

const beforeBytes = 64 << 10;
const afterBytes = 128 << 10;
export const historyStepBytes = 256 << 10;
export const historyKeptBytes = 8 << 20;

export class HistoryReader {
  readonly store: StoreApi<HistoryState> = createStore<HistoryState>(() => ({ pieces: [], from: 0, to: 0, start: 0, end: 0, busy: null, error: null }));
  readonly #read: (from: number, maximumBytes: number) => Promise<LogPage>;

  constructor(read: (from: number, maximumBytes: number) => Promise<LogPage>) {
    this.#read = read;
  }

  /** Never rejects; what went wrong is in the state. */
  open(offset: number): Promise<void> {
    return this.#work('opening', async () => {
      const { pieces, start, end } = await this.#range(Math.max(0, offset - beforeBytes), offset + afterBytes);
      this.#take(pieces, start, end);
    });
  }

  earlier(): Promise<void> {
    const { from, start, pieces: known } = this.store.getState();
    if (from <= start) return Promise.resolve();
    return this.#work('earlier', async () => {
      const { pieces, start: kept, end } = await this.#range(Math.max(0, from - historyStepBytes), from);
      this.#take(bounded([...pieces, ...known], 'end'), kept, end);
    });
  }

  later(): Promise<void> {
    const { to, pieces: known } = this.store.getState();
    return this.#work('later', async () => {
      const { pieces, start, end } = await this.#range(to, to + historyStepBytes);
      this.#take(bounded([...known, ...pieces], 'start'), start, end);
    });
  }

  #take(pieces: readonly LogPiece[], start: number, end: number): void {
    this.store.setState({ pieces, start, end, from: pieces[0]?.from ?? end, to: pieces.at(-1)?.to ?? end });
  }

  async #work(busy: HistoryState['busy'], work: () => Promise<void>): Promise<void> {
    if (this.store.getState().busy !== null) return;
    this.store.setState({ busy, error: null });
    try {
      await work();
    } catch (error) {
      this.store.setState({ error: asVireoError(error) });
    } finally {
      this.store.setState({ busy: null });
    }
  }

  /** What is kept of [from, to). */
  async #range(from: number, to: number): Promise<{ pieces: LogPiece[]; start: number; end: number }> {
    const pieces: LogPiece[] = [];
    for (let at = from; ; ) {
      const page = await this.#read(at, Math.max(1, to - at));
      const { start, end } = page;
      if (page.to > page.from) {
        const until = Math.min(page.to, to);
        if (until > page.from) pieces.push({ from: page.from, to: until, bytes: page.bytes.subarray(0, until - page.from) });
      }
      if (page.to >= to || page.to >= end || page.to <= at) return { pieces, start, end };
      at = page.to;
    }
  }
}

function bounded(pieces: readonly LogPiece[], dropAt: 'start' | 'end'): readonly LogPiece[] {
  const kept = [...pieces];
  let size = kept.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  while (size > historyKeptBytes && kept.length > 1) size -= (dropAt === 'start' ? kept.shift() : kept.pop())!.bytes.byteLength;
  return kept;
}
