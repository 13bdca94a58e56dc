/**
 * The app once it runs: windows, their door, the tray, and the end of it all. It owns one host; guests that run when it
 * ends go on with the screenless host. Whether any do is the user's choice (quitting.ts); where the desktop session or
 * a signal ends the app nobody is asked, and nothing is shut down.
 */
import path from 'node:path';
import { BrowserWindow, app, nativeTheme } from 'electron';
import { asVireoError } from '../core/base/errors.ts';
import type { Client } from '../core/api/client.ts';
import { desktopMethods } from '../core/api/desktop-contract.ts';
import type { Host } from '../core/api/host.ts';
import type { ServedEvent } from '../core/api/server.ts';
import { systemClock } from '../core/base/clock.ts';
import { Emitter } from '../core/base/events.ts';
import type { Log } from '../core/base/log.ts';
import type { StateLayout } from '../core/status/state-folder.ts';
import { type Settings, defaultSettings, desktopImplementation, firstTerminal, settingsSchema } from './desktop-methods.ts';
import { type ConsoleLayouts, consoleLayoutsSchema } from './console-layouts.ts';
import { DomainWatch } from './domain-watch.ts';
import { type ScreenlessHostOptions, screenlessCommand, startScreenlessHost } from './hand-over.ts';
import { openIpcDoor } from './ipc-door.ts';
import type { LoginCommand } from './login-item.ts';
import { showNotifications } from './notifications.ts';
import { Quitting } from './quitting.ts';
import { StoredJson } from './stored-json.ts';
import { TrayIcon } from './tray.ts';
import type { TrayActions } from './tray-menu.ts';
import { hasTray } from './tray-presence.ts';
import { type WindowPlaces, windowPlacesSchema } from './window-place.ts';
import { withSight } from './window-sight.ts';
import { Windows } from './windows.ts';

/** Disconnecting writes a few small files; a disk that hangs must not keep the app from ending. */
const closeMs = 10_000;

export interface DesktopOptions {
  readonly host: Host;
  readonly layout: StateLayout;
  /** The folder that holds dist/ and assets/. */
  readonly appFolder: string;
  readonly log: Log;
}

export class Desktop {
  readonly windows: Windows;
  readonly #options: DesktopOptions;
  readonly #places: StoredJson<WindowPlaces>;
  readonly #layouts: StoredJson<ConsoleLayouts>;
  readonly #settings: StoredJson<Settings>;
  readonly #client: Client;
  readonly #door: Disposable;
  readonly #watch: DomainWatch;
  readonly #notifications: Disposable;
  readonly #quitting: Quitting;
  readonly #events = new Emitter<ServedEvent>();
  #tray: TrayIcon | null = null;
  #ending: Promise<void> | null = null;

  private constructor(options: DesktopOptions, places: StoredJson<WindowPlaces>, layouts: StoredJson<ConsoleLayouts>, settings: StoredJson<Settings>) {
    this.#options = options;
    this.#places = places;
    this.#layouts = layouts;
    this.#settings = settings;
    this.#client = options.host.client('the tray');
    this.#watch = new DomainWatch(this.#client, options.log);
    this.#quitting = new Quitting({
      client: this.#client,
      clock: systemClock,
      log: options.log,
      choice: () => settings.value.onQuit,
      remember: (onQuit) => settings.set({ ...settings.value, onQuit }),
      deadlineMs: () => settings.value.shutdownS * 1_000,
      running: () => options.host.runningDomains(),
      show: () => this.windows.showMain(),
      leave: () => app.quit(),
    });
    settings.changes.on(() => this.#tray?.refresh());
    this.#quitting.changes.on((quit) => this.#events.fire({ name: 'desktop', payload: { quit } }));
    this.windows = new Windows({ quit: () => this.quit(), preload: path.join(options.appFolder, 'dist/electron/preload.cjs'), icon: path.join(options.appFolder, 'assets/icon.png'), places, layouts, log: options.log });
    options.host.windows = { showDisplay: (uuid, display) => this.windows.openDisplay(uuid, display) };
    this.#notifications = showNotifications({ watch: this.#watch, client: this.#client, icon: path.join(options.appFolder, 'assets/icon.png'), isQuiet: () => settings.value.doNotDisturb, open: (uuid, device) => (device === null ? this.windows.showMain(uuid) : this.windows.showConsole(uuid, device)) });
    this.#door = openIpcDoor({
      log: options.log,
      nameOf: (contents) => this.windows.nameOf(contents),
      serve: (channel, name, contents) => {
        const window = BrowserWindow.fromWebContents(contents);
        const told = withSight(window, this.#events);
        channel.onClose(() => told[Symbol.dispose]());
        const implementation = desktopImplementation(window, { windows: this.windows, settings, quitting: this.#quitting, loginCommand: this.#loginCommand(), client: this.#client });
        return options.host.serve(channel, () => name, { methods: desktopMethods, implementation, events: told.events });
      },
    });
  }

  /** Reads what the desktop remembers and is ready for windows; shows none yet. */
  static async open(options: DesktopOptions): Promise<Desktop> {
    const places = await StoredJson.open(path.join(options.layout.root, 'windows.json'), windowPlacesSchema, {}, options.log);
    const layouts = await StoredJson.open(path.join(options.layout.root, 'layouts.json'), consoleLayoutsSchema, {}, options.log);
    const settings = await StoredJson.open(path.join(options.layout.root, 'desktop.json'), settingsSchema, defaultSettings, options.log);
    nativeTheme.themeSource = settings.value.theme;
    return new Desktop(options, places, layouts, settings);
  }

  /** The first window and, where the desktop has a tray, the icon in it. */
  async start(): Promise<void> {
    this.windows.showMain();
    await this.#enterTray();
  }

  /** The user wants to quit; a question may come first. */
  quit(): void {
    this.#quitting.request();
  }

  /**
   * The last window is closed: the app lives on in the tray where there is one, and ends where there is none. Nobody is
   * asked then, for whoever closes a window has not said that anything shall end: guests keep running, unless it is
   * remembered that they are to be shut down.
   */
  async windowsClosed(): Promise<void> {
    this.#quitting.unattended();
    if (process.platform === 'darwin' || (await this.#enterTray())) return;
    // Asking for the tray took a moment, in which a window may have been opened.
    if (BrowserWindow.getAllWindows().length > 0 || this.#quitting.state) return;
    if (this.#settings.value.onQuit === 'shutdown') this.quit();
    else app.quit();
  }

  /** Lets go of the guests and gives those that run to a screenless host. Never fails; idempotent. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const { host, log } = this.#options;
    this.#quitting[Symbol.dispose]();
    this.#tray?.[Symbol.dispose]();
    this.#notifications[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    const haveGuests = host.runningDomains().length > 0;
    this.#door[Symbol.dispose]();
    await Promise.all([this.#places.flush(), this.#layouts.flush(), this.#settings.flush()]);
    try {
      await inTime(host.close(), closeMs);
      if (haveGuests) await startScreenlessHost(this.#screenless());
    } catch (error) {
      // The guests run all the same; the next host reconnects to them.
      log.write('error', 'the guests could not be handed to a screenless host', { error: asVireoError(error).message });
    }
  }

  #screenless(): ScreenlessHostOptions {
    const { layout, appFolder } = this.#options;
    return { layout, packaged: app.isPackaged, sandbox: !app.commandLine.hasSwitch('no-sandbox'), appFolder, env: process.env };
  }

  #loginCommand(): LoginCommand {
    const { program, args, env } = screenlessCommand(this.#screenless());
    return { program, args, environment: env['ELECTRON_RUN_AS_NODE'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' } };
  }

  /** A tray may come later than the app (a shell that restarts), so this is tried again when it matters. */
  async #enterTray(): Promise<boolean> {
    const present = await hasTray();
    if (this.#ending) return present;
    if (!present) {
      this.#tray?.[Symbol.dispose]();
      this.#tray = null;
    } else {
      this.#tray ??= new TrayIcon(path.join(this.#options.appFolder, 'assets'), this.#watch, this.#trayActions());
    }
    return present;
  }

  #trayActions(): TrayActions {
    const failed = (what: string) => (error: unknown) => {
      this.#options.log.write('warning', what, { error: asVireoError(error).message });
      this.windows.showMain(); // the window is where a person can see what state things are in
    };
    return {
      openMain: (uuid) => this.windows.showMain(uuid),
      openConsole: (uuid) => void firstTerminal(this.#client, uuid).then((alias) => this.windows.showConsole(uuid, alias), failed('the tray cannot open a console')),
      cancel: (domain) => void this.#client.call('domainAbortJob', { domain: domain.uuid }).catch(failed('a job cannot be cancelled from the tray')),
      act: (method, domain) => void this.#client.call(method, { domain: domain.uuid }).catch(failed(`${method} from the tray failed`)),
      isQuiet: () => this.#settings.value.doNotDisturb,
      setQuiet: (quiet) => this.#settings.set({ ...this.#settings.value, doNotDisturb: quiet }),
      onQuit: () => this.#settings.value.onQuit,
      setOnQuit: (onQuit) => this.#settings.set({ ...this.#settings.value, onQuit }),
      quit: () => this.quit(),
    };
  }
}

async function inTime(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
