/**
 * A console's history, wherever it is: of a console that is followed now, its stream; of one that is not, the log alone.
 * Offsets are those of the stream, which a log that nobody follows defines by itself.
 */
import type { ConsoleLog } from '../console-log.ts';
import type { ConsoleStream } from '../console-stream.ts';

export interface HistorySource {
  /** Nothing before it is kept. */
  readonly start: number;
  readonly end: number;
  /** Some bytes from `from`, ending at `limit` at the latest; null with where to go on for what is kept nowhere. */
  read(from: number, limit: number): Promise<{ readonly bytes: Buffer | null; readonly to: number }>;
}

/** Bytes without a gap in them. */
export interface HistoryRun {
  readonly from: number;
  readonly bytes: Buffer;
}

const pieceBytes = 65_536;

export function streamSource(stream: ConsoleStream): HistorySource {
  const { released: end, follower } = stream;
  return {
    start: follower ? Math.min(follower.streamAt(follower.log.keptFrom(0)), end) : 0,
    end,
    async read(from, limit) {
      const item = await stream.read(from, Math.min(limit, end));
      if (item.type === 'gap') return { bytes: null, to: Math.max(item.to, from + 1) };
      return { bytes: Buffer.from(item.bytes), to: item.offset + item.bytes.length };
    },
  };
}

/** A log as it is now, of a console that nobody follows. */
export async function logSource(log: ConsoleLog): Promise<HistorySource> {
  const end = await log.size();
  return {
    start: Math.min(log.keptFrom(0), end),
    end,
    async read(from, limit) {
      const bytes = await log.read(from, Math.min(limit - from, pieceBytes));
      if (bytes.length > 0) return { bytes, to: from + bytes.length };
      const kept = log.keptFrom(from);
      return { bytes: null, to: kept > from ? Math.min(kept, limit) : limit };
    },
  };
}

/** Everything that is kept between two offsets, in order. */
export async function readRuns(source: HistorySource, from: number, to: number, signal: AbortSignal): Promise<readonly HistoryRun[]> {
  const runs: { from: number; pieces: Buffer[] }[] = [];
  let isOpen = false;
  for (let at = Math.max(from, source.start); at < Math.min(to, source.end); ) {
    signal.throwIfAborted();
    const piece = await source.read(at, Math.min(to, source.end));
    const open = isOpen ? runs.at(-1) : undefined;
    if (piece.bytes && open) open.pieces.push(piece.bytes);
    else if (piece.bytes) runs.push({ from: at, pieces: [piece.bytes] });
    isOpen = piece.bytes !== null;
    at = piece.to;
  }
  return runs.map((run) => ({ from: run.from, bytes: run.pieces.length === 1 ? run.pieces[0]! : Buffer.concat(run.pieces) }));
}
