/**
 * What no page may do, whatever got into it: navigate away, open windows or webviews, ask for a permission, load
 * anything that did not come with the app.
 */
import { type Session, type WebContents, app, session } from 'electron';
import type { Log } from '../core/base/log.ts';
import { isAppPage } from './app-files.ts';

/** Holds every page, also those of windows that are opened later. Must run before the app is ready. */
export function confinePages(log: Log): void {
  app.on('web-contents-created', (_, contents) => confineContents(contents, log));
}

/**
 * Takes every permission from the pages and keeps them off the network. Must run once the app is ready. The one exception:
 * a display's page may hold the pointer, for guests with a mouse; Chromium itself asks for a click first and gives it back
 * on Escape.
 */
export function confineSession(log: Log, own: Session = session.defaultSession): void {
  own.setPermissionRequestHandler((contents, permission, answer) => answer(permission === 'pointerLock' && isDisplayPage(contents.getURL())));
  own.setPermissionCheckHandler(() => false);
  own.setDevicePermissionHandler(() => false);
  own.setSpellCheckerEnabled(false); // it would fetch dictionaries
  own.webRequest.onBeforeRequest((details, answer) => {
    const cancel = !/^(app|devtools|data|blob):/.test(details.url);
    if (cancel) log.write('warning', 'a page asked for an address outside the app', { url: details.url.slice(0, 200) });
    answer({ cancel });
  });
}

function isDisplayPage(address: string): boolean {
  return isAppPage(address) && new URL(address).pathname === '/display.html';
}

function confineContents(contents: WebContents, log: Log): void {
  const refuse = (what: string) => (event: { preventDefault(): void }, ...rest: unknown[]) => {
    event.preventDefault();
    log.write('warning', `a page tried to ${what}`, { target: typeof rest[0] === 'string' ? rest[0].slice(0, 200) : '' });
  };
  contents.on('will-navigate', refuse('navigate'));
  contents.on('will-frame-navigate', refuse('navigate a frame'));
  contents.on('will-redirect', refuse('redirect'));
  contents.on('will-attach-webview', refuse('attach a webview'));
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
