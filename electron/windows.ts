/**
 * The windows of the app, each under its key: opened or brought to the front, put back where it was left, told apart
 * by a number that others see (`window 2 took over`).
 */
import { BrowserWindow, type WebContents, nativeTheme, screen } from 'electron';
import type { Log } from '../core/base/log.ts';
import { appOrigin } from './app-files.ts';
import { giveGuestWindowKeys } from './menus.ts';
import type { StoredJson } from './stored-json.ts';
import { type WindowKey, type WindowPlaces, clampToScreens, consoleKey, freeConsoleNumber, rememberPlace } from './window-place.ts';

export interface WindowsOptions {
  /** The keys of a guest's window ask for the app's end. */
  readonly quit: () => void;
  readonly preload: string;
  readonly icon: string;
  readonly places: StoredJson<WindowPlaces>;
  readonly log: Log;
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

/** A page that never paints must not leave the app without a window. */
const showAnywayMs = 5_000;
/** A page that dies this often within a minute is not loaded again. */
const maximumReloads = 3;

export class Windows {
  readonly #options: WindowsOptions;
  readonly #open = new Map<WindowKey, BrowserWindow>();
  readonly #names = new Map<WebContents, string>();
  #opened = 0;

  constructor(options: WindowsOptions) {
    this.#options = options;
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
  openConsole(uuid: string, alias: string): void {
    const number = freeConsoleNumber(this.#open.keys(), uuid, alias);
    const query = new URLSearchParams({ domain: uuid, device: alias, number: String(number) });
    const window = this.#create(consoleKey(uuid, alias, number), consoleKind, `console.html?${query}`);
    giveGuestWindowKeys(window, this.#options.quit);
  }

  /** Brings the first window on a console to the front, or opens it. */
  showConsole(uuid: string, alias: string): void {
    const window = this.#open.get(consoleKey(uuid, alias, 1));
    if (window) bringToFront(window);
    else this.openConsole(uuid, alias);
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
        backgroundThrottling: false, // a console that is out of sight must go on acknowledging
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
