/**
 * The windows of the app, each under its key: opened or brought to the front, put back where it was left, told apart
 * by a number that others see (`window 2 took over`).
 */
import { BrowserWindow, type WebContents, app, nativeTheme, screen } from 'electron';
import type { ConsoleLayout } from '../core/api/console-layout.ts';
import type { Log } from '../core/base/log.ts';
import { appOrigin } from './app-files.ts';
import { type ConsoleLayouts, consolesIn, layoutIn, rememberLayout, shows } from './console-layouts.ts';
import { giveGuestWindowKeys } from './menus.ts';
import type { StoredJson } from './stored-json.ts';
import { type WindowKey, type WindowPlaces, clampToScreens, consoleKey, displayKey, freeConsoleNumber, freeNumber, rememberPlace } from './window-place.ts';

export interface WindowsOptions {
  /** The keys of a guest's window ask for the app's end. */
  readonly quit: () => void;
  readonly preload: string;
  readonly icon: string;
  readonly places: StoredJson<WindowPlaces>;
  readonly layouts: StoredJson<ConsoleLayouts>;
  readonly log: Log;
}

export interface OpenConsoleOptions {
  /** `watch` never asks for the input by itself. */
  readonly mode?: 'write' | 'watch';
  /** What the window shall show beside this console. */
  readonly layout?: ConsoleLayout | null;
  /** What it shows first of the console's log. */
  readonly place?: ConsolePlace | null;
}

/** A place of a console's log: an offset of its stream, and when that was written where it is known. */
export interface ConsolePlace {
  readonly offset: number;
  readonly atMs: number | null;
}

interface Kind {
  readonly width: number;
  readonly height: number;
  readonly minWidth: number;
  readonly minHeight: number;
}

const mainKind: Kind = { width: 1160, height: 760, minWidth: 640, minHeight: 420 };
/** Room for 80 by 24 characters and the bars around them. */
const consoleKind: Kind = { width: 880, height: 560, minWidth: 420, minHeight: 240 };

/** Room for the 720 by 400 points of a guest that boots, and the bar above them. */
const displayKind: Kind = { width: 820, height: 560, minWidth: 420, minHeight: 280 };

/** A page that never paints must not leave the app without a window. */
const showAnywayMs = 5_000;
/** A page that dies this often within a minute is not loaded again. */
const maximumReloads = 3;

export class Windows {
  readonly #options: WindowsOptions;
  readonly #open = new Map<WindowKey, BrowserWindow>();
  readonly #names = new Map<WebContents, string>();
  #opened = 0;
  /** Windows that close now were not closed by anybody: the next start finds their layouts. */
  #isLeaving = false;

  constructor(options: WindowsOptions) {
    this.#options = options;
    app.once('before-quit', () => (this.#isLeaving = true));
  }

  /** `window 3`, the same for as long as the window is open; null for contents that are no window of the app. */
  nameOf(contents: WebContents): string | null {
    return this.#names.get(contents) ?? null;
  }

  /** Brings the main window to the front, on one domain where `uuid` is given. */
  showMain(uuid: string | null = null): void {
    const window = this.#open.get('main');
    if (!window) return void this.#create('main', mainKind, `index.html${uuid === null ? '' : `?domain=${encodeURIComponent(uuid)}`}`);
    bringToFront(window);
    // A change of the hash alone is no navigation: the page hears of it and keeps what it holds.
    if (uuid !== null) void window.loadURL(`${window.webContents.getURL().split('#')[0]}#domain=${encodeURIComponent(uuid)}`);
  }

  /** Opens one more window on a console. */
  openConsole(uuid: string, alias: string, { mode = 'write', layout = null, place = null }: OpenConsoleOptions = {}): void {
    const number = freeConsoleNumber(this.#open.keys(), uuid, alias);
    const key = consoleKey(uuid, alias, number);
    const query = new URLSearchParams({ domain: uuid, device: alias, number: String(number), ...(mode === 'watch' ? { mode } : {}) });
    const laidOut = layout ?? this.#options.layouts.value[key];
    if (laidOut) query.set('layout', JSON.stringify(laidOut));
    const isShown = laidOut && shows(consolesIn(`${appOrigin}/console.html?${query}`), uuid, alias);
    if (!isShown) query.delete('layout');
    const window = this.#create(key, consoleKind, `console.html?${query}${isShown || place ? showHash(uuid, alias, place) : ''}`);
    this.#keepLayout(key, window);
    // The page closes one of several panes by the key that else closes the window.
    giveGuestWindowKeys(window, this.#options.quit, () => consolesIn(window.webContents.getURL()).length < 2);
  }

  /** Brings the first window that shows a console to the front, with its pane, or opens one; at a place of its log, if one is named. */
  showConsole(uuid: string, alias: string, place: ConsolePlace | null = null): void {
    const windows = [...this.#open].filter(([key]) => key.startsWith('console:')).map(([, window]) => window);
    const window = windows.find((each) => shows(consolesIn(each.webContents.getURL()), uuid, alias));
    // Who wants to read what was printed does not want to write.
    if (!window) return this.openConsole(uuid, alias, place ? { mode: 'watch', place } : {});
    bringToFront(window);
    const address = window.webContents.getURL().split('#')[0];
    if (place || layoutIn(window.webContents.getURL())) void window.loadURL(`${address}${showHash(uuid, alias, place)}`);
  }

  /** Opens one more window on a display. */
  openDisplay(uuid: string, index: number): void {
    const number = freeNumber(this.#open.keys(), (each) => displayKey(uuid, index, each));
    const query = new URLSearchParams({ domain: uuid, display: String(index), number: String(number) });
    const window = this.#create(displayKey(uuid, index, number), displayKind, `display.html?${query}`);
    giveGuestWindowKeys(window, this.#options.quit);
  }

  #create(key: WindowKey, kind: Kind, page: string): BrowserWindow {
    const place = this.#options.places.value[key];
    const bounds = place ? clampToScreens(place, screen.getAllDisplays().map((display) => display.workArea)) : kind;
    const window = new BrowserWindow({
      ...kind,
      ...bounds,
      show: false,
      autoHideMenuBar: true,
      icon: this.#options.icon,
      title: 'Vireo',
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#14171a' : '#ffffff', // until the page has painted
      webPreferences: {
        preload: this.#options.preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
        backgroundThrottling: false, // a console that is out of sight must go on acknowledging; see window-sight.ts
      },
    });
    this.#opened += 1;
    this.#open.set(key, window);
    this.#names.set(window.webContents, `window ${this.#opened}`);
    window.once('closed', () => this.#open.delete(key));
    const { webContents } = window;
    webContents.once('destroyed', () => this.#names.delete(webContents));
    if (place?.maximized) window.maximize();
    showOncePainted(window);
    this.#keepPlace(key, window);
    this.#reloadDeadPage(window);
    // A page that cannot be loaded is told in the log and shown empty; there is nobody else to hear of it.
    window.loadURL(`${appOrigin}/${page}`).catch((error: unknown) => this.#options.log.write('error', 'a page cannot be loaded', { page, error: String(error) }));
    return window;
  }

  #keepPlace(key: WindowKey, window: BrowserWindow): void {
    const { places } = this.#options;
    const keep = (): void => {
      if (window.isMinimized() || window.isFullScreen()) return;
      places.set(rememberPlace(places.value, key, { ...window.getNormalBounds(), maximized: window.isMaximized() }));
    };
    // Electron declares one signature for each of these events, so a loop over their names does not type.
    window.on('resize', keep);
    window.on('move', keep);
    window.on('maximize', keep);
    window.on('unmaximize', keep);
    window.on('close', keep);
  }

  /** The page tells what it shows by its address, without navigating. */
  #keepLayout(key: WindowKey, window: BrowserWindow): void {
    const { layouts } = this.#options;
    const keep = (layout: ConsoleLayout | null): void => {
      if (layout || layouts.value[key]) layouts.set(rememberLayout(layouts.value, key, layout));
    };
    window.webContents.on('did-navigate-in-page', (_event, url, isMainFrame) => {
      if (isMainFrame) keep(layoutIn(url));
    });
    // A window that its user closes is done with.
    window.once('closed', () => this.#isLeaving || keep(null));
  }

  /** The process of a page can be killed or run out of memory; the window gets a new one. */
  #reloadDeadPage(window: BrowserWindow): void {
    let deaths: number[] = [];
    window.webContents.on('render-process-gone', (_, details) => {
      if (details.reason === 'clean-exit') return;
      const now = performance.now();
      deaths = [...deaths.filter((at) => now - at < 60_000), now];
      this.#options.log.write('error', 'a page died', { reason: details.reason, exitCode: details.exitCode, deaths: deaths.length });
      // Loading from within the event crashes Chromium, which is still cleaning up.
      setImmediate(() => {
        if (window.isDestroyed()) return;
        if (deaths.length > maximumReloads) window.destroy();
        else window.webContents.reload();
      });
    });
  }
}

/** Asks a console's page for the pane of this console. */
function showHash(uuid: string, alias: string, place: ConsolePlace | null = null): string {
  const at = place ? { at: String(place.offset), ...(place.atMs === null ? {} : { time: String(place.atMs) }) } : {};
  return `#${new URLSearchParams({ show: `${uuid}/${alias}`, ...at })}`;
}

function bringToFront(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

function showOncePainted(window: BrowserWindow): void {
  const show = (): void => {
    clearTimeout(timer);
    if (!window.isDestroyed() && !window.isVisible()) window.show();
  };
  const timer = setTimeout(show, showAnywayMs);
  window.once('ready-to-show', show);
  window.once('closed', () => clearTimeout(timer));
}
