/**
 * The application menu, and the keys of windows that show a guest. There plain Ctrl keys belong to the guest, so those
 * windows have no menu whose accelerators would take them; only Ctrl+Shift+W and Ctrl+Shift+Q are the app's.
 */
import { type BrowserWindow, Menu, type MenuItemConstructorOptions, app } from 'electron';

/** `developer` adds reloading and the developer tools. */
export function setApplicationMenu(developer: boolean): void {
  const isMac = process.platform === 'darwin';
  const file: MenuItemConstructorOptions[] = isMac ? [{ role: 'close' }] : [{ role: 'close', accelerator: 'CmdOrCtrl+W' }, { type: 'separator' }, { role: 'quit', accelerator: 'CmdOrCtrl+Q' }];
  const view: MenuItemConstructorOptions[] = [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }, { type: 'separator' }, { role: 'togglefullscreen' }];
  if (developer) view.push({ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' });
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? [{ role: 'appMenu' as const }] : []),
      { label: 'File', submenu: file },
      { role: 'editMenu' },
      { label: 'View', submenu: view },
      ...(isMac ? [{ role: 'windowMenu' as const }] : []),
    ]),
  );
}

/** On macOS the menu's keys carry Cmd, which no guest expects, and the menu stays. */
export function giveGuestWindowKeys(window: BrowserWindow): void {
  if (process.platform === 'darwin') return;
  window.removeMenu();
  window.webContents.on('before-input-event', (event, input) => {
    if (input.type !== 'keyDown' || !input.control || !input.shift || input.alt || input.meta) return;
    const key = input.key.toLowerCase();
    if (key !== 'w' && key !== 'q') return;
    event.preventDefault();
    if (key === 'w') window.close();
    else app.quit();
  });
}
