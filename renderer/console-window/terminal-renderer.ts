/**
 * What draws a terminal: WebGL where it works and the terminal can be seen, else the DOM. Chromium gives a page a dozen
 * or so contexts and takes the oldest away for one more, and loses all of them with its GPU process; so a terminal that
 * nobody sees gives its context back, and one that lost it is drawn by the DOM at once and tries again later, not often.
 */
import { WebglAddon } from '@xterm/addon-webgl';
import type { Terminal } from '@xterm/xterm';
import { type Clock, systemClock } from '../../core/base/clock.ts';

export type RendererKind = 'webgl' | 'dom';

export interface RendererOptions {
  /** Lets WebGL draw until the answer is disposed; `onLost` is called once, when the context is gone. Throws where WebGL does not work. */
  load(onLost: () => void): Disposable;
  onKind(kind: RendererKind): void;
  readonly clock?: Clock;
}

/** After each loss it waits four times as long as before. */
const firstRetryMs = 2_000;
const maximumRetries = 3;
/** A context that lived this long was a good one: losses before it are forgotten. */
const goodContextMs = 300_000;
/** Going through tabs should not make and drop contexts. */
const hiddenForMs = 1_000;

export class TerminalRenderer implements Disposable {
  readonly #options: RendererOptions;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #webgl: Disposable | null = null;
  #loadedAtMs = 0;
  #losses = 0;
  #visible = false;
  /** WebGL threw, waits after a loss, or was lost too often. */
  #barred = false;
  /** Ends the wait before a hidden terminal gives its context back. */
  #seenAgain = new AbortController();

  constructor(options: RendererOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get kind(): RendererKind {
    return this.#webgl ? 'webgl' : 'dom';
  }

  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    this.#seenAgain.abort();
    if (visible) return this.#load();
    this.#seenAgain = new AbortController();
    void this.#giveBackUnless(this.#seenAgain.signal);
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#seenAgain.abort();
    this.#drop();
  }

  #load(): void {
    if (this.#webgl || this.#barred || !this.#visible || this.#ended.signal.aborted) return;
    try {
      let lost = false;
      const webgl = this.#options.load(() => {
        lost = true;
        if (this.#webgl === webgl) this.#onLost();
      });
      // It may be lost while it is loaded.
      if (lost) return webgl[Symbol.dispose]();
      this.#webgl = webgl;
      this.#loadedAtMs = this.#clock.now();
      this.#options.onKind('webgl');
    } catch {
      this.#barred = true; // no WebGL2 here: the DOM shows the same, only slower
      this.#options.onKind('dom');
    }
  }

  #drop(): void {
    if (!this.#webgl) return;
    this.#webgl[Symbol.dispose]();
    this.#webgl = null;
    if (!this.#ended.signal.aborted) this.#options.onKind('dom');
  }

  #onLost(): void {
    if (this.#clock.now() - this.#loadedAtMs >= goodContextMs) this.#losses = 0;
    this.#losses += 1;
    this.#barred = true;
    this.#drop();
    if (this.#losses <= maximumRetries) void this.#retry(firstRetryMs * 4 ** (this.#losses - 1));
  }

  async #retry(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#ended.signal);
    this.#barred = false;
    this.#load();
  }

  async #giveBackUnless(seenAgain: AbortSignal): Promise<void> {
    await this.#clock.sleep(hiddenForMs, seenAgain);
    if (!seenAgain.aborted) this.#drop();
  }
}

/** xterm's addon, with the context given back when it is disposed: Chromium counts those that wait for the garbage collector. */
export function loadWebgl(xterm: Terminal, onLost: () => void): Disposable {
  const webgl = new WebglAddon();
  const before = new Set(canvasesOf(xterm));
  xterm.loadAddon(webgl);
  const own = canvasesOf(xterm).filter((canvas) => !before.has(canvas));
  const told = new AbortController();
  const tell = (): void => {
    if (told.signal.aborted) return;
    told.abort();
    setTimeout(onLost, 0); // not within the event that xterm handles as well
  };
  webgl.onContextLoss(tell);
  // xterm waits three seconds for the context to come back, in which nothing is drawn.
  for (const canvas of own) canvas.addEventListener('webglcontextlost', tell, { signal: told.signal });
  return {
    [Symbol.dispose]() {
      told.abort();
      webgl.dispose();
      for (const canvas of own) canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
    },
  };
}

function canvasesOf(xterm: Terminal): HTMLCanvasElement[] {
  return [...(xterm.element?.querySelectorAll('canvas') ?? [])];
}
