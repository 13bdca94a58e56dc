/**
 * The application menu, and the keys of windows that show a guest. There plain Ctrl keys belong to the guest, so those
 * windows have no menu whose accelerators would take them; only Ctrl+Shift+W and Ctrl+Shift+Q are the app's.
 */
import { type BrowserWindow, Menu, type MenuItemConstructorOptions, app } from 'electron';

/** `developer` adds reloading and the developer tools; `quit` is asked before the app ends, unlike Electron's own role. */
export function setApplicationMenu(developer: boolean, quit: () => void): void {
  const isMac = process.platform === 'darwin';
  const file: MenuItemConstructorOptions[] = isMac ? [{ role: 'close' }] : [{ role: 'close', accelerator: 'CmdOrCtrl+W' }, { type: 'separator' }, { label: 'Quit', accelerator: 'CmdOrCtrl+Q', click: quit }];
  const view: MenuItemConstructorOptions[] = [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }, { type: 'separator' }, { role: 'togglefullscreen' }];
  if (developer) view.push({ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' });
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? [macAppMenu(quit)] : []),
      { label: 'File', submenu: file },
      { role: 'editMenu' },
      { label: 'View', submenu: view },
      ...(isMac ? [{ role: 'windowMenu' as const }] : []),
    ]),
  );
}

function macAppMenu(quit: () => void): MenuItemConstructorOptions {
  return {
    label: app.name,
    submenu: [{ role: 'about' }, { type: 'separator' }, { role: 'services' }, { type: 'separator' }, { role: 'hide' }, { role: 'hideOthers' }, { role: 'unhide' }, { type: 'separator' }, { label: `Quit ${app.name}`, accelerator: 'Cmd+Q', click: quit }],
  };
}

/**
 * On macOS the menu's keys carry Cmd, which no guest expects, and the menu stays. While `closes` says no, the page does
 * what the key for closing asks for.
 */
export function giveGuestWindowKeys(window: BrowserWindow, quit: () => void, closes: () => boolean = () => true): void {
  if (process.platform === 'darwin') return;
  window.removeMenu();
  window.webContents.on('before-input-event', (event, input) => {
    if (input.type !== 'keyDown' || !input.control || !input.shift || input.alt || input.meta) return;
    const key = input.key.toLowerCase();
    if (key !== 'w' && key !== 'q') return;
    if (key === 'w' && !closes()) return;
    event.preventDefault();
    if (key === 'w') window.close();
    else quit();
  });
}
