/** The terminal of a history view: shows a stretch of the log again whenever it has grown, and stays where it was. */
import type { IDecoration, IMarker } from '@xterm/xterm';
import type { StoreApi } from 'zustand/vanilla';
import type { HistoryPlace } from './history-place.ts';
import type { HistoryState, LogPiece } from './history-reader.ts';
import { gapInWords } from './gap-in-words.ts';
import type { GuestSettings, TerminalSettings } from './terminal-settings.ts';
import { type ConsoleTerminal, createTerminal } from './terminal.ts';
import { followTheme, terminalColours } from './terminal-theme.ts';

export interface HistoryScreenOptions {
  readonly settings: StoreApi<TerminalSettings>;
  readonly guest: StoreApi<GuestSettings>;
  readonly place: HistoryPlace;
  readonly element: HTMLElement;
}

const newline = 0x0a;

export class HistoryScreen implements Disposable {
  readonly #options: HistoryScreenOptions;
  readonly #terminal: ConsoleTerminal;
  /** Where the stretch began that is shown; null before the first. */
  #from: number | null = null;
  /** The line that was looked for, and how it is made out. */
  #placed: IMarker | undefined;
  #decoration: IDecoration | undefined;
  readonly #gone = new AbortController();

  constructor(options: HistoryScreenOptions) {
    this.#options = options;
    this.#terminal = createTerminal({ settings: options.settings, guest: options.guest, isHistory: true });
    this.#terminal.attach(options.element);
    options.element.dataset['text'] = '';
    followTheme(() => this.#mark(), this.#gone.signal);
    this.#terminal.xterm.onResize(() => this.#mark());
  }

  show({ pieces, from, start }: HistoryState): void {
    const { xterm } = this.#terminal;
    const before = this.#from;
    const topRow = xterm.buffer.active.viewportY;
    this.#terminal.reset();
    this.#from = from;
    let oldStart: IMarker | undefined;
    let placed: IMarker | undefined;
    const { offset } = this.#options.place;
    const marks = [
      { at: before ?? from, mark: () => (oldStart = xterm.registerMarker(0)) },
      { at: offset, mark: () => (placed = xterm.registerMarker(0)) },
    ].sort((one, other) => one.at - other.at);
    for (const [index, piece] of pieces.entries()) this.#write(index === 0 && piece.from > start ? fromLineStart(piece) : piece, marks);
    xterm.write('', () => {
      this.#placed = placed;
      this.#mark();
      const row = before === null ? (placed?.line ?? 0) - Math.floor(xterm.rows / 3) : (oldStart?.line ?? 0) + topRow;
      xterm.scrollToLine(Math.max(0, row));
      this.#options.element.dataset['text'] = this.#textAt(placed);
    });
  }

  [Symbol.dispose](): void {
    this.#gone.abort();
    this.#terminal[Symbol.dispose]();
  }

  #write(piece: LogPiece, marks: { readonly at: number; mark(): void }[]): void {
    if (piece.bytes.byteLength === 0) this.#terminal.remark(gapInWords(piece.to - piece.from, null, null));
    let at = piece.from;
    for (;;) {
      const [next] = marks;
      if (!next || next.at >= piece.to) break;
      marks.shift();
      const until = Math.max(at, next.at);
      this.#terminal.write(piece.bytes.subarray(at - piece.from, until - piece.from), () => next.mark());
      at = until;
    }
    this.#terminal.write(piece.bytes.subarray(at - piece.from), () => {});
  }

  /** Behind the line's text, from edge to edge, in the colours of now. */
  #mark(): void {
    this.#decoration?.dispose();
    if (!this.#placed || this.#placed.isDisposed) return;
    const { xterm } = this.#terminal;
    const { find } = terminalColours(this.#options.settings.getState().palette);
    this.#decoration = xterm.registerDecoration({ marker: this.#placed, width: xterm.cols, backgroundColor: find.matchBackground ?? '', overviewRulerOptions: { color: find.activeMatchColorOverviewRuler } });
  }

  /** For tests and assistive scripts: the canvas has no text. */
  #textAt(marker: IMarker | undefined): string {
    return (marker && this.#terminal.xterm.buffer.active.getLine(marker.line)?.translateToString(true)) ?? '';
  }
}

/** A stretch begins anywhere; what is cut off at its front is no line. */
function fromLineStart(piece: LogPiece): LogPiece {
  const end = piece.bytes.indexOf(newline) + 1;
  return { from: piece.from + end, to: piece.to, bytes: piece.bytes.subarray(end) };
}
