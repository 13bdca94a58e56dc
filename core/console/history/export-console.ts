/**
 * A console's history as a file: its bytes as they are, plain text, or a recording for terminal players. Pure: bytes and
 * times in, pieces of the file out, whatever the size.
 *
 * Sources: asciicast v2, https://docs.asciinema.org/manual/asciicast/v2/
 */
import { type ConsoleLine, linesOf, maximumLineBytes } from './console-lines.ts';
import { type ConsoleMark, type ConsoleSpan, oneMomentMs } from './console-span.ts';
import { type ConsoleEncoding, PieceDecoder } from './encodings.ts';

export const exportFormats = ['text', 'raw', 'asciicast'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** In order; what lies between two of them is kept nowhere. Spans cover the bytes, and all marks up to them are there. */
export interface ExportPiece {
  readonly from: number;
  readonly bytes: Uint8Array;
  readonly spans: readonly ConsoleSpan[];
  readonly marks: readonly ConsoleMark[];
}

export interface ExportOptions {
  readonly format: ExportFormat;
  readonly encoding: ConsoleEncoding;
  /** Before each line of text. */
  readonly timestamps: boolean;
  /** Of a recording. */
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** How moments are written. */
  readonly moment: (atMs: number) => string;
}

export async function* exportConsole(pieces: AsyncIterable<ExportPiece>, options: ExportOptions): AsyncGenerator<Uint8Array> {
  if (options.format === 'raw') for await (const { bytes } of pieces) yield bytes;
  else {
    const lines = options.format === 'text' ? textLines(pieces, options) : castLines(pieces, options);
    for await (const text of lines) if (text !== '') yield Buffer.from(text);
  }
}

const newline = 0x0a;

async function* textLines(pieces: AsyncIterable<ExportPiece>, options: ExportOptions): AsyncGenerator<string> {
  const { encoding, timestamps, moment } = options;
  const times = new SpanCursor();
  const texts = (lines: readonly ConsoleLine[]): string => lines.map(({ offset, text }) => `${timestamps ? `[${inWords(times.at(offset), moment)}] ` : ''}${text}\n`).join('');
  let rest: Buffer = Buffer.alloc(0);
  let end: number | null = null;
  for await (const piece of pieces) {
    if (end !== null && piece.from > end) {
      yield texts(linesOf(rest, end - rest.length, encoding));
      yield `${gapInWords(end, piece.from)}\n`;
      rest = Buffer.alloc(0);
    }
    times.add(piece.spans);
    const bytes = Buffer.concat([rest, piece.bytes]);
    const from = piece.from - rest.length;
    const last = bytes.lastIndexOf(newline) + 1;
    const cut = last === 0 && bytes.length > 4 * maximumLineBytes ? bytes.length : last;
    yield texts(linesOf(bytes.subarray(0, cut), from, encoding));
    rest = Buffer.from(bytes.subarray(cut));
    end = piece.from + piece.bytes.length;
    times.forgetBefore(end - rest.length);
  }
  if (end !== null && rest.length > 0) yield texts(linesOf(rest, end - rest.length, encoding));
}

/** Players shorten every silence to this. */
const idleLimitS = 2;

async function* castLines(pieces: AsyncIterable<ExportPiece>, { encoding, title, columns, rows, moment }: ExportOptions): AsyncGenerator<string> {
  const recording = new Recording(encoding);
  let marked = -1;
  let told: string | null = null;
  let end: number | null = null;
  for await (const piece of pieces) {
    if (end === null) {
      const startMs = piece.spans[0]?.fromMs ?? piece.spans[0]?.toMs ?? null;
      recording.startMs = startMs ?? 0;
      const header = { version: 2, width: columns, height: rows, ...(startMs === null ? {} : { timestamp: Math.floor(startMs / 1000) }), title, idle_time_limit: idleLimitS, env: { TERM: 'xterm-256color' } };
      yield `${JSON.stringify(header)}\n`;
    } else if (piece.from > end) yield recording.marker(gapInWords(end, piece.from));
    const bytes = Buffer.from(piece.bytes.buffer, piece.bytes.byteOffset, piece.bytes.byteLength);
    const marks = piece.marks.filter(({ offset, what }) => offset > marked && offset >= piece.from && (what === 'run' || what === 'reset'));
    for (const span of piece.spans) {
      const unknown = isOneMoment(span) ? null : inWords(span, moment);
      if (unknown !== null && unknown !== told) yield recording.marker(unknown === notKnown ? unknown : `${notKnown}: ${unknown}`);
      told = unknown;
      let at = span.from;
      for (; marks[0] && marks[0].offset < span.to; marks.shift()) {
        const [mark] = marks;
        yield recording.output(bytes.subarray(at - piece.from, mark.offset - piece.from), unknown === null ? span.fromMs : null);
        yield recording.marker(`${mark.what === 'run' ? 'power on' : 'reset'}, ${moment(mark.atMs)}`, mark.atMs);
        marked = at = Math.max(at, mark.offset);
      }
      yield recording.output(bytes.subarray(at - piece.from, span.to - piece.from), unknown === null ? span.fromMs : null);
    }
    end = piece.from + piece.bytes.length;
  }
  yield recording.end();
}

/** Events of a recording, whose times never go back. */
class Recording {
  readonly #decoder: PieceDecoder;
  startMs = 0;
  #atS = 0;

  constructor(encoding: ConsoleEncoding) {
    this.#decoder = new PieceDecoder(encoding);
  }

  output(bytes: Buffer, atMs: number | null): string {
    this.#moveTo(atMs);
    return this.#event('o', this.#decoder.push(bytes));
  }

  marker(label: string, atMs: number | null = null): string {
    this.#moveTo(atMs);
    return this.#event('m', label);
  }

  end(): string {
    return this.#event('o', this.#decoder.end());
  }

  #moveTo(atMs: number | null): void {
    if (atMs !== null) this.#atS = Math.max(this.#atS, (atMs - this.startMs) / 1000);
  }

  #event(code: 'o' | 'm', data: string): string {
    return data === '' ? '' : `${JSON.stringify([Number(this.#atS.toFixed(3)), code, data])}\n`;
  }
}

/** The spans of what is being written, by rising offset. */
class SpanCursor {
  #spans: ConsoleSpan[] = [];

  add(spans: readonly ConsoleSpan[]): void {
    this.#spans.push(...spans);
  }

  forgetBefore(offset: number): void {
    const first = this.#spans.findIndex(({ to }) => to > offset);
    this.#spans = first < 0 ? [] : this.#spans.slice(first);
  }

  at(offset: number): Pick<ConsoleSpan, 'fromMs' | 'toMs'> {
    return this.#spans.find(({ to }) => to > offset) ?? { fromMs: null, toMs: null };
  }
}

function isOneMoment({ fromMs, toMs }: Pick<ConsoleSpan, 'fromMs' | 'toMs'>): boolean {
  return fromMs !== null && toMs !== null && toMs - fromMs <= oneMomentMs;
}

/** One moment, or the two between which it was. */
export function inWords(span: Pick<ConsoleSpan, 'fromMs' | 'toMs'>, moment: (atMs: number) => string): string {
  const { fromMs, toMs } = span;
  if (fromMs !== null && isOneMoment(span)) return moment(fromMs);
  if (fromMs === null && toMs === null) return notKnown;
  if (fromMs === null) return `before ${moment(toMs ?? 0)}`;
  return toMs === null ? `after ${moment(fromMs)}` : `between ${moment(fromMs)} and ${moment(toMs)}`;
}

const notKnown = 'time not known';

function gapInWords(from: number, to: number): string {
  return `[${to - from} bytes are kept nowhere any more]`;
}
