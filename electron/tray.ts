/** The tray icon: state at a glance and the few acts worth a right click. The app is whole without it. */
import path from 'node:path';
import { Menu, type NativeImage, Tray, nativeImage, nativeTheme } from 'electron';
import type { DomainWatch } from './domain-watch.ts';
import { type TrayActions, type TrayState, trayHeader, trayMenu, trayState } from './tray-menu.ts';

export class TrayIcon implements Disposable {
  readonly #tray: Tray;
  readonly #watch: DomainWatch;
  readonly #actions: TrayActions;
  readonly #images: Readonly<Record<TrayState, NativeImage>>;
  readonly #subscription: Disposable;
  #shown: TrayState = 'idle';
  /** The menu that is set, without what its items do. */
  #menu = '';

  /** `assets` is the folder with the icons. */
  constructor(assets: string, watch: DomainWatch, actions: TrayActions) {
    this.#images = { idle: trayImage(assets, 'idle'), busy: trayImage(assets, 'busy'), attention: trayImage(assets, 'attention') };
    this.#watch = watch;
    this.#actions = actions;
    this.#tray = new Tray(this.#images.idle);
    this.#tray.on('click', () => actions.openMain(null));
    this.#subscription = watch.changes.on(() => this.#update());
    this.#update();
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#tray.destroy();
  }

  /** A setting that the menu shows has changed. */
  refresh(): void {
    setImmediate(() => this.#update()); // not while the menu is still handling the click
  }

  #update(): void {
    if (this.#tray.isDestroyed()) return;
    const { domains } = this.#watch;
    const state = trayState(domains);
    if (state !== this.#shown) this.#tray.setImage(this.#images[state]);
    this.#shown = state;
    this.#tray.setToolTip(`Vireo: ${trayHeader(domains)}`);
    // On Linux a menu that was handed over is a copy: only a new one shows a change, and closes one that is open.
    const template = trayMenu(domains, this.#actions);
    const menu = JSON.stringify(template);
    if (menu === this.#menu) return;
    this.#menu = menu;
    this.#tray.setContextMenu(Menu.buildFromTemplate(template));
  }
}

/** The icon for a dark or a light panel, else one for both, else the app's own icon. */
function trayImage(assets: string, state: TrayState): NativeImage {
  const shade = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
  for (const name of [`tray/${state}-${shade}.png`, `tray/${state}.png`]) {
    const image = nativeImage.createFromPath(path.join(assets, name));
    if (!image.isEmpty()) return image;
  }
  const icon = nativeImage.createFromPath(path.join(assets, 'icon.png'));
  return icon.isEmpty() ? icon : icon.resize({ width: 22, height: 22 });
}
