/**
 * xterm with what a serial console needs around it: fitting, search, colours of the theme, WebGL where it works.
 *
 * A terminal answers some of what it shows (who are you, where is the cursor). An answer must come from one terminal
 * only and only once, so it is swallowed while this window watches and while it shows history that was answered when
 * it was new.
 */
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebglAddon } from '@xterm/addon-webgl';
import { type IDisposable, Terminal } from '@xterm/xterm';
import { findColours, terminalTheme } from './terminal-theme.ts';

export interface ConsoleTerminal extends Disposable {
  readonly xterm: Terminal;
  /** Whether what the guest asks is answered. */
  answers: boolean;
  attach(element: HTMLElement): void;
  /** `done` is called once the bytes are parsed. Bytes may end within a character. */
  write(bytes: Uint8Array, done: () => void): void;
  /** One dim line of Vireo's own, between the guest's. */
  remark(text: string): void;
  reset(): void;
  find(text: string, direction: 'next' | 'previous', incremental: boolean): void;
  endFind(): void;
  onFound(listener: (found: { readonly index: number; readonly count: number }) => void): IDisposable;
  setFontSize(sizePx: number): void;
  /** Keeps a copy of the screen that assistive technology can read, at some cost. */
  setScreenReaderMode(on: boolean): void;
  /** Everything in the buffer, scrollback included, wrapped lines joined. */
  text(): string;
}

const scrollbackLines = 10_000;

export function createTerminal(fontSizePx: number): ConsoleTerminal {
  const xterm = new Terminal({
    allowProposedApi: true, // unicode 11 widths and search results are still proposals
    scrollback: scrollbackLines,
    fontSize: fontSizePx,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono'),
    lineHeight: 1.15,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    theme: terminalTheme(),
    minimumContrastRatio: 4.5,
  });
  const fit = new FitAddon();
  const search = new SearchAddon({ highlightLimit: 5_000 });
  xterm.loadAddon(fit);
  xterm.loadAddon(search);
  xterm.loadAddon(new Unicode11Addon());
  xterm.unicode.activeVersion = '11';
  const observer = new ResizeObserver(() => fit.fit());
  const themeEnds = followTheme(xterm);

  const terminal: ConsoleTerminal = {
    xterm,
    answers: false,
    attach(element) {
      if (xterm.element) element.append(xterm.element);
      else {
        xterm.open(element);
        useWebgl(xterm);
      }
      observer.disconnect();
      observer.observe(element);
      fit.fit();
    },
    write: (bytes, done) => xterm.write(bytes, done),
    // CAN ends an escape sequence that the gap cut in two, so that the remark is not taken for its rest.
    remark: (text) => xterm.write(`\x18\x1b[0m\r\n\x1b[2m-- ${text} --\x1b[0m\r\n`),
    reset: () => xterm.reset(),
    find(text, direction, incremental) {
      const options = { incremental, decorations: findColours() };
      if (direction === 'next') search.findNext(text, options);
      else search.findPrevious(text, options);
    },
    endFind() {
      search.clearDecorations();
      xterm.clearSelection();
    },
    onFound: (listener) => search.onDidChangeResults(({ resultIndex, resultCount }) => listener({ index: resultIndex, count: resultCount })),
    setFontSize(sizePx) {
      xterm.options.fontSize = sizePx;
      fit.fit();
    },
    setScreenReaderMode(on) {
      xterm.options.screenReaderMode = on;
    },
    text: () => bufferText(xterm),
    [Symbol.dispose]() {
      observer.disconnect();
      themeEnds();
      xterm.dispose();
    },
  };
  swallowAnswers(xterm, () => !terminal.answers);
  return terminal;
}

/** Chromium loses contexts when the GPU process ends; xterm's DOM renderer then takes over. */
function useWebgl(xterm: Terminal): void {
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    xterm.loadAddon(webgl);
  } catch {
    // No WebGL2 here: the DOM renderer shows the same, only slower.
  }
}

function followTheme(xterm: Terminal): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'].map((query) => matchMedia(query));
  const update = (): void => {
    xterm.options.theme = terminalTheme();
  };
  for (const query of queries) query.addEventListener('change', update);
  return () => queries.forEach((query) => query.removeEventListener('change', update));
}

/** Handlers of the sequences that xterm would answer; a handler that returns true keeps it from doing so. */
function swallowAnswers(xterm: Terminal, isSilent: () => boolean): void {
  const { parser } = xterm;
  const sequences = [{ final: 'c' }, { prefix: '>', final: 'c' }, { prefix: '=', final: 'c' }, { final: 'n' }, { prefix: '?', final: 'n' }, { intermediates: '$', final: 'p' }, { prefix: '?', intermediates: '$', final: 'p' }, { prefix: '>', final: 'q' }];
  for (const sequence of sequences) parser.registerCsiHandler(sequence, isSilent);
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, isSilent);
  for (const colour of [4, 10, 11, 12]) parser.registerOscHandler(colour, (text) => isSilent() && text.includes('?'));
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
