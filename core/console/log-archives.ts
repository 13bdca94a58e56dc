/**
 * The parts of a console's log that were taken out of it: each a file beside the log whose name carries the offsets,
 * `serial0.log.<from>-<to>`. Below the mark, the highest of these offsets, the log itself is a hole; its zeros are never
 * the guest's bytes. The names are all there is to know, so that nothing else can be lost or contradict them.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Bytes `from` to `to` of a log, in a file of their own. */
export interface LogPiece {
  readonly from: number;
  readonly to: number;
  readonly path: string;
}

const offsets = /^(\d{1,15})-(\d{1,15})$/;

export class LogArchives {
  readonly #logPath: string;
  #pieces: readonly LogPiece[] = [];
  #mark = 0;

  constructor(logPath: string) {
    this.#logPath = logPath;
  }

  /** Below this the log has nothing. */
  get mark(): number {
    return this.#mark;
  }

  /** The oldest first. */
  get pieces(): readonly LogPiece[] {
    return this.#pieces;
  }

  pathOf(from: number, to: number): string {
    return `${this.#logPath}.${from}-${to}`;
  }

  async load(): Promise<void> {
    const folder = path.dirname(this.#logPath);
    const start = `${path.basename(this.#logPath)}.`;
    const names = await readdir(folder).catch(() => [] as string[]);
    const pieces = names.filter((name) => name.startsWith(start)).flatMap((name): LogPiece[] => {
      const [, from, to] = offsets.exec(name.slice(start.length)) ?? [];
      return from === undefined || to === undefined || Number(from) >= Number(to) ? [] : [{ from: Number(from), to: Number(to), path: path.join(folder, name) }];
    });
    this.#pieces = pieces.toSorted((a, b) => a.from - b.from);
    this.#mark = Math.max(this.#mark, ...pieces.map(({ to }) => to));
  }

  /** The piece that has the byte at `offset`; null where none is kept. */
  find(offset: number): LogPiece | null {
    return this.#pieces.find(({ from, to }) => from <= offset && offset < to) ?? null;
  }

  /** The first offset from `offset` on whose byte is kept, here or in the log itself. */
  keptFrom(offset: number): number {
    if (offset >= this.#mark || this.find(offset)) return offset;
    return this.#pieces.find(({ from }) => from > offset)?.from ?? this.#mark;
  }

  /** From now on what lies below `mark` is read from the pieces only. */
  raise(mark: number, pieces: readonly LogPiece[] = []): void {
    this.#pieces = [...this.#pieces, ...pieces].toSorted((a, b) => a.from - b.from);
    this.#mark = Math.max(this.#mark, mark);
  }

  /** Removes the oldest, so that `count` are left. */
  async keepNewest(count: number): Promise<void> {
    const dropped = this.#pieces.slice(0, Math.max(0, this.#pieces.length - count));
    this.#pieces = this.#pieces.slice(dropped.length);
    for (const piece of dropped) await rm(piece.path, { force: true });
  }

  /** The log was cut by somebody, who did not mean to keep what was before. */
  async forget(): Promise<void> {
    this.#mark = 0;
    await this.keepNewest(0);
  }
}
