/**
 * The file beside a console's log that says when which offset was reached: one short line for each second in which bytes
 * came, and one for what else happened. Lines are only ever added; one that a killed driver or a full disk left half
 * written is skipped by readers and closed by the next writer. A file that has grown large is written anew with half of
 * its older lines, each of which then stands for a longer time.
 */
import { type FileHandle, mkdir, open, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readOrdinary } from '../../base/ordinary-file.ts';
import type { ConsoleMarkKind } from './console-span.ts';

/** Offsets and times of the log. */
export type TimesRecord =
  /** Bytes up to `to` came between the two times, and the driver saw them come. */
  | { readonly what: 'seen'; readonly to: number; readonly fromMs: number; readonly toMs: number }
  /** The log was at `to` then; what was new in it came unseen. */
  | { readonly what: ConsoleMarkKind; readonly to: number; readonly atMs: number };

const headerSchema = z.object({
  format: z.literal('vireo console times'),
  version: z.literal(1),
  alias: z.string(),
  kind: z.enum(['serial', 'parallel', 'console', 'channel']),
  label: z.string(),
  /** The log, where it lies. */
  log: z.string(),
});
export type TimesHeader = Omit<z.infer<typeof headerSchema>, 'format' | 'version'>;

const defaultMaximumBytes = 1 << 20;
const maximumHeaderBytes = 16_384;
const tailBytes = 512;

const letters = { seen: 's', run: 'b', reset: 'r', attached: 'a', detached: 'd' } as const;
const kindOf = new Map(Object.entries(letters).map(([kind, letter]) => [letter as string, kind as keyof typeof letters]));

export function timesFileOf(logFolder: string, alias: string): string {
  return path.join(logFolder, `${alias}.log.times`);
}

export interface TimesFileOptions {
  /** The log has nothing before it any more. */
  readonly keptFrom?: () => number;
  readonly maximumBytes?: number;
}

export class TimesFile {
  readonly path: string;
  readonly #header: TimesHeader;
  readonly #keptFrom: () => number;
  readonly #maximumBytes: number;
  #lastTo = 0;
  #size = 0;

  private constructor(file: string, header: TimesHeader, { keptFrom = () => 0, maximumBytes = defaultMaximumBytes }: TimesFileOptions) {
    this.path = file;
    this.#header = header;
    this.#keptFrom = keptFrom;
    this.#maximumBytes = maximumBytes;
  }

  /** The file of one console, made where there is none; begun anew where it is of another log or not to be understood. */
  static async open(file: string, header: TimesHeader, options: TimesFileOptions = {}): Promise<TimesFile> {
    const times = new TimesFile(file, header, options);
    const there = await readHeader(file).catch(() => null);
    if (!there || there.log !== header.log || there.label !== header.label) await times.#rewrite(there?.log === header.log ? await readTimes(file) : []);
    else await times.#look();
    return times;
  }

  /** The highest offset that it knows. */
  get lastTo(): number {
    return this.#lastTo;
  }

  /** @throws what the disk says; part of the line may be there then. */
  async append(record: TimesRecord): Promise<void> {
    if (this.#size > this.#maximumBytes) await this.#rewrite(thinned(await readTimes(this.path), this.#keptFrom()));
    const handle = await open(this.path, 'a+', 0o600);
    try {
      const { size } = await handle.stat();
      const line = `${(await endsInLine(handle, size)) ? '' : '\n'}${lineOf(record)}\n`;
      await handle.writeFile(line);
      this.#size = size + line.length;
      this.#lastTo = Math.max(this.#lastTo, record.to);
    } finally {
      await handle.close();
    }
  }

  /** Of a log that was begun anew: nothing that is known of it holds any more. */
  async forget(): Promise<void> {
    await this.#rewrite([]);
  }

  async #rewrite(records: readonly TimesRecord[]): Promise<void> {
    await mkdir(path.dirname(this.path), { recursive: true, mode: 0o700 });
    const header = JSON.stringify({ format: 'vireo console times', version: 1, ...this.#header });
    const text = [header, ...records.map(lineOf)].map((line) => `${line}\n`).join('');
    // Not synced: after a power cut it may be begun anew, which is worth less than a sync for each console of each start.
    // With nothing in it there is nothing to lose: one that is torn is begun anew, and no other file is left behind.
    const written = records.length === 0 ? this.path : `${this.path}.new`;
    await writeFile(written, text, { mode: 0o600 });
    if (written !== this.path) await rename(written, this.path);
    this.#size = text.length;
    this.#lastTo = records.reduce((highest, { to }) => Math.max(highest, to), 0);
  }

  /** The file's size and end, without reading all of it. */
  async #look(): Promise<void> {
    const handle = await open(this.path, 'r');
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(tailBytes), position: Math.max(0, size - tailBytes) });
      const last = recordsIn(buffer.toString('latin1', 0, bytesRead)).at(-1);
      this.#size = size;
      this.#lastTo = last?.to ?? 0;
    } finally {
      await handle.close();
    }
  }
}

/** Whose times they are; null where there is no such file. @throws for one that is not to be understood. */
export async function readHeader(file: string): Promise<TimesHeader | null> {
  const handle = await open(file, 'r').catch(() => null);
  if (!handle) return null;
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(maximumHeaderBytes), position: 0 });
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    return headerSchema.parse(JSON.parse(line));
  } finally {
    await handle.close();
  }
}

/** All that is known, in order; empty where there is no file. */
export async function readTimes(file: string): Promise<TimesRecord[]> {
  const size = await stat(file).then((facts) => facts.size, () => 0);
  if (size === 0) return [];
  return recordsIn((await readOrdinary(file, 2 * defaultMaximumBytes)).toString('latin1'));
}

function lineOf(record: TimesRecord): string {
  const letter = letters[record.what];
  return record.what === 'seen' ? `${letter} ${record.to} ${record.fromMs} ${record.toMs - record.fromMs}` : `${letter} ${record.to} ${record.atMs}`;
}

const recordLine = /^([a-z]) (\d{1,16}) (\d{1,16})(?: (\d{1,16}))?$/;

function recordsIn(text: string): TimesRecord[] {
  const records: TimesRecord[] = [];
  const whole = text.slice(0, text.lastIndexOf('\n') + 1); // what follows may be the beginning of a longer number
  for (const line of whole.split('\n')) {
    const [, letter = '', to, atMs, durationMs] = recordLine.exec(line) ?? [];
    const what = kindOf.get(letter);
    if (!what) continue;
    if (what !== 'seen') records.push({ what, to: Number(to), atMs: Number(atMs) });
    else if (durationMs !== undefined) records.push({ what, to: Number(to), fromMs: Number(atMs), toMs: Number(atMs) + Number(durationMs) });
  }
  return records;
}

/**
 * What is kept nowhere any more needs no times. In the older half of the rest two records become one for a longer time;
 * where there is little to join, the oldest go.
 */
function thinned(all: readonly TimesRecord[], keptFrom: number): readonly TimesRecord[] {
  const first = all.findIndex(({ to }) => to > keptFrom);
  // The record before the first one says from when on its bytes may have come.
  const records = first < 0 ? all.slice(-1) : all.slice(Math.max(0, first - 1));
  if (records.length < all.length / 2) return records;
  const half = Math.floor(records.length / 2);
  const older: TimesRecord[] = [];
  let isJoined = false;
  for (const record of records.slice(0, half)) {
    const last = older.at(-1);
    isJoined = !isJoined && record.what === 'seen' && last?.what === 'seen';
    if (isJoined && record.what === 'seen' && last?.what === 'seen') older[older.length - 1] = { ...last, to: Math.max(last.to, record.to), toMs: Math.max(last.toMs, record.toMs) };
    else older.push(record);
  }
  const kept = older.length > half * 0.75 ? older.slice(older.length / 2) : older;
  return [...kept, ...records.slice(half)];
}

async function endsInLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] === 0x0a;
}

