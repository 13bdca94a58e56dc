/**
 * xterm with what a console needs around it: fitting, search, the user's settings, the guest's encoding, WebGL where it
 * works and is seen. It follows the settings by itself; nobody else sets xterm's options.
 */
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { type IDisposable, type ITerminalOptions, Terminal } from '@xterm/xterm';
import type { StoreApi } from 'zustand/vanilla';
import { Emitter } from '../../core/base/events.ts';
import { type GuestDecoder, createDecoder } from './guest-encoding.ts';
import { echoOf } from './guest-input.ts';
import { ShownBytes } from './shown-bytes.ts';
import { watchAnswers } from './terminal-answers.ts';
import { TerminalRenderer, loadWebgl } from './terminal-renderer.ts';
import { type GuestSettings, type TerminalSettings, scrollbacks } from './terminal-settings.ts';
import { applyColours, followColours, terminalColours } from './terminal-theme.ts';

export interface ConsoleTerminal extends Disposable {
  readonly xterm: Terminal;
  /** Whether what the guest asks is answered. An answer must come from one terminal only, and only once. */
  answers: boolean;
  /** Whether what xterm's `onData` says at this moment is such an answer, which nobody typed. */
  readonly isAnswering: boolean;
  /** Bytes of the guest as they come, whatever the encoding. */
  readonly received: Emitter<Uint8Array>;
  /** What the browser would have pasted: by Shift+Insert, the middle button, a menu of the system. */
  readonly pasted: Emitter<string>;
  attach(element: HTMLElement): void;
  /** `done` is called once the bytes are parsed. Bytes may end within a character. */
  write(bytes: Uint8Array, done: () => void): void;
  /** Shows what was typed here, for a guest that does not. */
  echo(text: string): void;
  /** One dim line of Vireo's own, between the guest's. */
  remark(text: string): void;
  reset(): void;
  find(text: string, direction: 'next' | 'previous', incremental: boolean, how?: { readonly caseSensitive: boolean; readonly regex: boolean }): void;
  endFind(): void;
  onFound(listener: (found: { readonly index: number; readonly count: number }) => void): IDisposable;
  /** Everything in the buffer, scrollback included, wrapped lines joined. */
  text(): string;
}

export interface TerminalOptions {
  readonly settings: StoreApi<TerminalSettings>;
  readonly guest: StoreApi<GuestSettings>;
  /** Shows what was printed long ago: it scrolls far, keeps what was erased, and follows no change of the screen or the mouse. */
  readonly isHistory?: boolean;
}

export function createTerminal({ settings, guest, isHistory = false }: TerminalOptions): ConsoleTerminal {
  const options = (): ITerminalOptions => ({ ...optionsOf(settings.getState()), ...(isHistory ? historyOptions : {}) });
  const xterm = new Terminal({
    allowProposedApi: true, // unicode 11 widths and search results are still proposals
    lineHeight: 1.15,
    logLevel: 'off', // it would complain of what guests print
    ...options(),
  });
  if (isHistory) stayOnMainScreen(xterm);
  const fit = new FitAddon();
  const search = new SearchAddon({ highlightLimit: 5_000 });
  xterm.loadAddon(fit);
  xterm.loadAddon(search);
  xterm.loadAddon(new Unicode11Addon());
  xterm.unicode.activeVersion = '11';
  const ended = new AbortController();
  const reader = new BytesReader(xterm, guest.getState().encoding);
  const received = new Emitter<Uint8Array>();
  const pasted = new Emitter<string>();
  const place = new TerminalPlace(xterm, fit, (text) => pasted.fire(text));
  const answers = watchAnswers(xterm, () => !terminal.answers || reader.isReplaying);
  followSettings(xterm, settings, options, () => place.fit(), ended.signal);
  ended.signal.addEventListener('abort', guest.subscribe((now, before) => {
    if (now.encoding !== before.encoding) reader.setEncoding(now.encoding);
  }));
  xterm.attachCustomKeyEventHandler((event) => settings.getState().altIsMeta || !event.altKey || event.ctrlKey || event.metaKey);

  const terminal: ConsoleTerminal = {
    xterm,
    answers: false,
    get isAnswering() {
      return answers.isAnswering;
    },
    received,
    pasted,
    attach: (element) => place.attach(element),
    write(bytes, done) {
      received.fire(bytes);
      reader.write(bytes, done);
    },
    echo: (text) => xterm.write(echoOf(text)),
    // CAN ends an escape sequence that the gap cut in two, so that the remark is not taken for its rest.
    remark: (text) => reader.say(`\x18\x1b[0m\r\n\x1b[2m-- ${text} --\x1b[0m\r\n`),
    reset: () => reader.reset(),
    find(text, direction, incremental, how = { caseSensitive: false, regex: false }) {
      if (how.regex && !isRegex(text)) return terminal.endFind();
      const options = { incremental, ...how, decorations: terminalColours(settings.getState().palette).find };
      if (direction === 'next') search.findNext(text, options);
      else search.findPrevious(text, options);
    },
    endFind() {
      search.clearDecorations();
      xterm.clearSelection();
    },
    onFound: (listener) => search.onDidChangeResults(({ resultIndex, resultCount }) => listener({ index: resultIndex, count: resultCount })),
    text: () => bufferText(xterm),
    [Symbol.dispose]() {
      ended.abort();
      place[Symbol.dispose]();
      xterm.dispose();
    },
  };
  return terminal;
}

function followSettings(xterm: Terminal, settings: StoreApi<TerminalSettings>, options: () => ITerminalOptions, fit: () => void, signal: AbortSignal): void {
  applyColours(xterm, settings.getState().palette);
  followColours(xterm, () => settings.getState().palette, signal);
  const stop = settings.subscribe(({ palette }) => {
    Object.assign(xterm.options, options());
    applyColours(xterm, palette);
    fit();
  });
  signal.addEventListener('abort', stop);
}

const historyOptions: ITerminalOptions = { scrollback: scrollbacks.most, scrollOnEraseInDisplay: true, disableStdin: true, cursorInactiveStyle: 'none' };

/** A full-screen program's other screen has no lines to scroll back to, and takes the mouse away. */
function stayOnMainScreen(xterm: Terminal): void {
  const modes = new Set([9, 47, 1000, 1002, 1003, 1004, 1006, 1015, 1047, 1049]);
  for (const final of ['h', 'l']) xterm.parser.registerCsiHandler({ prefix: '?', final }, (values) => values.some((value) => typeof value === 'number' && modes.has(value)));
  xterm.parser.registerCsiHandler({ final: 'J' }, ([what]) => what === 3); // erases what was scrolled away
}

/** The size in cells is not among them: it follows the window. */
function optionsOf(settings: TerminalSettings): ITerminalOptions {
  const { fontFamily, fontSizePx, cursorStyle, cursorBlinks, scrollbackLines, altIsMeta, wordSeparators, screenReaderMode } = settings;
  const monospace = getComputedStyle(document.documentElement).getPropertyValue('--font-mono');
  return {
    scrollback: scrollbackLines,
    fontSize: fontSizePx,
    fontFamily: fontFamily === '' ? monospace : `"${fontFamily.replaceAll(/["\\]/gu, '')}", ${monospace}`,
    cursorStyle,
    cursorBlink: cursorBlinks && !matchMedia('(prefers-reduced-motion: reduce)').matches,
    macOptionIsMeta: altIsMeta,
    wordSeparator: wordSeparators,
    screenReaderMode,
  };
}

/** Brings the guest's bytes to xterm in the guest's encoding; another encoding reads the last of them again. */
class BytesReader {
  readonly #xterm: Terminal;
  readonly #shown = new ShownBytes();
  #encoding: GuestSettings['encoding'];
  /** Null for UTF-8, which xterm decodes itself. */
  #decoder: GuestDecoder | null;
  #replays = 0;

  constructor(xterm: Terminal, encoding: GuestSettings['encoding']) {
    this.#xterm = xterm;
    this.#encoding = encoding;
    this.#decoder = decoderOf(encoding);
  }

  /** What is shown at this moment was shown before, and its questions were answered then. */
  get isReplaying(): boolean {
    return this.#replays > 0;
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.#shown.push(bytes);
    this.#show(bytes, done);
  }

  say(text: string): void {
    this.#shown.push(text);
    this.#show(text);
  }

  reset(): void {
    this.#shown.clear();
    this.#decoder = decoderOf(this.#encoding);
    this.#xterm.reset();
  }

  setEncoding(encoding: GuestSettings['encoding']): void {
    this.#encoding = encoding;
    this.#decoder = decoderOf(encoding);
    // What was written before is still being parsed; the rest comes behind it in order.
    this.#replays += 1;
    this.#xterm.write('', () => this.#xterm.reset());
    for (const piece of this.#shown.pieces) this.#show(piece);
    this.#xterm.write('', () => (this.#replays -= 1));
  }

  #show(piece: Uint8Array | string, done?: () => void): void {
    this.#xterm.write(typeof piece === 'string' || !this.#decoder ? piece : this.#decoder.decode(piece), done);
  }
}

const decoderOf = (encoding: GuestSettings['encoding']): GuestDecoder | null => (encoding === 'utf-8' ? null : createDecoder(encoding));

/** Where the terminal stands in the page: opened once, fitted to what it stands in, drawn by WebGL while it is seen. */
class TerminalPlace implements Disposable {
  readonly #xterm: Terminal;
  readonly #fit: FitAddon;
  readonly #sizes = new ResizeObserver(() => this.fit());
  readonly #sights: IntersectionObserver;
  readonly #renderer: TerminalRenderer;
  readonly #onPaste: (text: string) => void;
  #isSeen = false;

  constructor(xterm: Terminal, fit: FitAddon, onPaste: (text: string) => void) {
    this.#xterm = xterm;
    this.#fit = fit;
    this.#onPaste = onPaste;
    this.#renderer = new TerminalRenderer({
      load: (onLost) => loadWebgl(xterm, onLost),
      onKind: (kind) => {
        xterm.element?.setAttribute('data-renderer', kind);
        if (this.#isSeen) this.fit(); // WebGL draws cells of whole points, the DOM broader ones
      },
    });
    this.#sights = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1)?.isIntersecting ?? false;
      this.#renderer.setVisible(this.#isSeen);
    });
  }

  attach(element: HTMLElement): void {
    if (this.#xterm.element) element.append(this.#xterm.element);
    else this.#open(element);
    this.#sizes.disconnect();
    this.#sizes.observe(element);
    this.#sights.disconnect();
    this.#sights.observe(element);
    this.fit();
  }

  #open(element: HTMLElement): void {
    this.#xterm.open(element);
    this.#xterm.element?.addEventListener('paste', (event) => this.#takePaste(event), true);
  }

  /** Before xterm, which would hand it to the guest unseen. */
  #takePaste(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (text !== '') this.#onPaste(text);
  }

  /** A pane that is out of sight has no size, and keeps the one it had. */
  fit(): void {
    if (this.#xterm.element?.offsetParent) this.#fit.fit();
  }

  [Symbol.dispose](): void {
    this.#sizes.disconnect();
    this.#sights.disconnect();
    this.#renderer[Symbol.dispose]();
  }
}

/** Half of one is typed before the whole. */
function isRegex(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch {
    return false;
  }
}

function bufferText(xterm: Terminal): string {
  const { active } = xterm.buffer;
  let text = '';
  for (let row = 0; row < active.length; row += 1) {
    const line = active.getLine(row);
    if (!line) continue;
    const continues = active.getLine(row + 1)?.isWrapped ?? false;
    text += line.translateToString(!continues) + (continues ? '' : '\n');
  }
  return text.trimEnd();
}
