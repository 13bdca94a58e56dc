/** The desktop's own methods: what a window asks of the app around the driver. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BrowserWindow, ClipboardItem, Notification, app, clipboard, dialog, nativeImage, nativeTheme } from 'electron';
import { z } from 'zod';
import type { Client } from '../core/api/client.ts';
import { type DesktopMethods, quitChoices } from '../core/api/desktop-contract.ts';
import type { Implementation } from '../core/api/server.ts';
import { VireoError } from '../core/base/errors.ts';
import { ChosenFiles } from './chosen-files.ts';
import { writeConsole } from './console-export.ts';
import { type LoginCommand, setStartsAtLogin, startsAtLogin } from './login-item.ts';
import type { Quitting } from './quitting.ts';
import type { StoredJson } from './stored-json.ts';
import { isTerminal } from './tray-menu.ts';
import { hasTray } from './tray-presence.ts';
import type { Windows } from './windows.ts';

/** libvirt-guests gives a guest five minutes; somebody waits here, and is asked again when the time is over. */
const defaultShutdownS = 60;

export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  doNotDisturb: z.boolean().default(false),
  /** What becomes of guests that run when the app is quit. */
  onQuit: z.enum(quitChoices).default('ask'),
  /** How many seconds guests have to shut down before the user is asked what to do; no window changes it. */
  shutdownS: z.number().int().min(1).max(3_600).default(defaultShutdownS),
});
export type Settings = z.infer<typeof settingsSchema>;
export const defaultSettings: Settings = { theme: 'system', doNotDisturb: false, onQuit: 'ask', shutdownS: defaultShutdownS };

/** A definition is text of some kilobytes; whoever picks a disk image by mistake should not wait for it. */
const maximumDefinitionBytes = 4 << 20;

export interface DesktopMethodsOptions {
  readonly windows: Windows;
  readonly settings: StoredJson<Settings>;
  readonly quitting: Quitting;
  /** What runs when the user logs in. */
  readonly loginCommand: LoginCommand;
  /** Looks domains up for the desktop itself. */
  readonly client: Client;
}

/** The methods as the page of `window` has them; dialogs belong to it. */
export function desktopImplementation(window: BrowserWindow | null, options: DesktopMethodsOptions): Implementation<DesktopMethods> {
  const { windows, settings, quitting } = options;
  return {
    ...chosenFileMethods(window, options.client),
    ...windowMethods(window, windows, options.client),
    async desktopRing(_call, { uuid, label }) {
      ring(window, settings.value.doNotDisturb, await options.client.call('domainLookup', { domain: uuid }), label);
      return null;
    },
    async desktopGetSettings() {
      return { theme: settings.value.theme, platform: process.platform, version: app.getVersion(), electron: process.versions.electron ?? '', tray: await hasTray(), onQuit: settings.value.onQuit, startsAtLogin: await startsAtLogin(options.loginCommand) };
    },
    async desktopSetTheme(_call, { theme }) {
      nativeTheme.themeSource = theme;
      settings.set({ ...settings.value, theme });
      return null;
    },
    async desktopChooseDefinition() {
      return await chooseDefinition(window);
    },
    async desktopChooseImportFolder() {
      return await chooseImportFolder(window);
    },
    async desktopChooseSaveImage() {
      return await chooseSaveImage(window);
    },
    async desktopSaveText(_call, { suggestedName, text }) {
      return await saveText(window, suggestedName, text);
    },
    async desktopSaveImage(_call, { suggestedName, image }) {
      return await saveImage(window, suggestedName, image);
    },
    async desktopCopyImage(_call, { image }) {
      await copyImage(pngFrom(image));
      return null;
    },
    async desktopChooseFile(_call, { title, suggestedName }) {
      return await chooseFile(window, { title, buttonLabel: 'Choose', defaultPath: path.join(app.getPath('documents'), fileNameOf(suggestedName)) });
    },
    async desktopGetNotices() {
      return { text: await readNotices() };
    },
    async desktopReadClipboard() {
      return { text: await clipboard.readText() }; // a promise from Electron 4x on, a string before
    },
    async desktopWriteClipboard(_call, { text }) {
      await clipboard.writeText(text);
      return null;
    },
    async desktopQuit() {
      setImmediate(() => quitting.request()); // the answer goes out first
      return null;
    },
    async desktopSetStartsAtLogin(_call, { startsAtLogin: on }) {
      await setStartsAtLogin(options.loginCommand, on);
      return null;
    },
    async desktopSetOnQuit(_call, { onQuit }) {
      settings.set({ ...settings.value, onQuit });
      return null;
    },
    async desktopGetQuit() {
      return { quit: quitting.state };
    },
    async desktopAnswerQuit(_call, { answer, remember }) {
      quitting.answer(answer, remember);
      return null;
    },
  };
}

/** Written by the build, from the packages that it bundled. */
async function readNotices(): Promise<string> {
  const file = path.join(app.getAppPath(), 'dist/third-party-notices.txt');
  return await readFile(file, 'utf8').catch((error: unknown) => {
    throw new VireoError('SYSTEM_ERROR', `the licences cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** Other windows, and this one's size. */
function windowMethods(window: BrowserWindow | null, windows: Windows, client: Client): Pick<Implementation<DesktopMethods>, 'desktopOpenConsole' | 'desktopShowConsoleAt' | 'desktopOpenDisplay' | 'desktopSetFullScreen' | 'desktopShowMain'> {
  return {
    async desktopOpenConsole(_call, { uuid, device, mode, layout, where }) {
      const alias = device ?? (await firstTerminal(client, uuid));
      if (where === 'existing') windows.showConsole(uuid, alias);
      else windows.openConsole(uuid, alias, { mode, layout });
      return null;
    },
    async desktopShowConsoleAt(_call, { uuid, device, offset, atMs }) {
      windows.showConsole(uuid, device, { offset, atMs });
      return null;
    },
    async desktopOpenDisplay(_call, { uuid, display }) {
      windows.openDisplay(uuid, display);
      return null;
    },
    async desktopSetFullScreen(_call, { fullScreen }) {
      const wanted = fullScreen ?? window?.isFullScreen() === false;
      window?.setFullScreen(wanted);
      return { fullScreen: wanted };
    },
    async desktopShowMain(_call, { uuid }) {
      windows.showMain(uuid);
      return null;
    },
  };
}

/** Files for the page of `window` to write; what it left open is closed with its connection. */
function chosenFileMethods(window: BrowserWindow | null, client: Client): Pick<Implementation<DesktopMethods>, 'desktopCreateFile' | 'desktopAppendToFile' | 'desktopCloseFile' | 'desktopSaveConsole'> {
  const files = new ChosenFiles();
  let isFollowed = false;
  const choose = (title: string, suggestedName: string): Promise<{ path: string } | null> => chooseFile(window, { title, buttonLabel: 'Save', defaultPath: path.join(app.getPath('documents'), fileNameOf(suggestedName)) });
  return {
    async desktopCreateFile(call, { title, suggestedName }) {
      const chosen = await choose(title, suggestedName);
      if (!chosen || call.clientGone?.aborted) return null;
      if (!isFollowed) call.clientGone?.addEventListener('abort', () => void files[Symbol.asyncDispose](), { once: true });
      isFollowed = true;
      return { file: await files.create(chosen.path), path: chosen.path };
    },
    async desktopAppendToFile(_call, { file, data, encoding }) {
      return { sizeBytes: await files.append(file, Buffer.from(data, encoding)) };
    },
    async desktopCloseFile(_call, { file }) {
      return await files.close(file);
    },
    async desktopSaveConsole(call, { suggestedName, ...request }) {
      const chosen = await choose('Save the console', suggestedName);
      return chosen && (await writeConsole(client, files, chosen.path, request, call.signal));
    },
  };
}

/** Whoever looks at the window sees that it rang. */
function ring(window: BrowserWindow | null, isQuiet: boolean, domain: { readonly name: string }, label: string): void {
  if (isQuiet || window?.isFocused() || !Notification.isSupported()) return;
  const notification = new Notification({ title: `${domain.name} rang`, body: `The bell of ${label}` });
  notification.on('click', () => window?.show());
  notification.show();
}

/** The alias of the domain's first console. @throws DEVICE_MISSING where it has none. */
export async function firstTerminal(client: Client, uuid: string): Promise<string> {
  const domain = await client.call('domainLookup', { domain: uuid });
  const console = domain.consoles.find(isTerminal);
  if (!console) throw new VireoError('DEVICE_MISSING', 'the domain has no serial port and no console', { domain: { name: domain.name, uuid: domain.uuid } });
  return console.alias;
}

async function chooseDefinition(window: BrowserWindow | null): Promise<{ path: string; xml: string } | null> {
  const options: Electron.OpenDialogOptions = { title: 'Import a definition', buttonLabel: 'Import', properties: ['openFile'], filters: [{ name: 'Domain XML', extensions: ['xml'] }, { name: 'All files', extensions: ['*'] }] };
  const chosen = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  const [file] = chosen.filePaths;
  if (chosen.canceled || file === undefined) return null;
  const { size } = await stat(file);
  if (size > maximumDefinitionBytes) throw new VireoError('INVALID_ARG', `${file} has ${size} bytes; a definition has at most ${maximumDefinitionBytes}`, { details: { path: file } });
  return { path: file, xml: await readFile(file, 'utf8') };
}

async function chooseImportFolder(window: BrowserWindow | null): Promise<{ path: string } | null> {
  const options: Electron.OpenDialogOptions = { title: "Import a folder of libvirt's", buttonLabel: 'Read', defaultPath: '/etc/libvirt/qemu', properties: ['openDirectory', 'showHiddenFiles'] };
  const chosen = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  const [folder] = chosen.filePaths;
  return chosen.canceled || folder === undefined ? null : { path: folder };
}

async function chooseSaveImage(window: BrowserWindow | null): Promise<{ path: string } | null> {
  const options: Electron.OpenDialogOptions = { title: 'Restore a saved guest', buttonLabel: 'Restore', properties: ['openFile', 'showHiddenFiles'], filters: [{ name: 'Saved guests', extensions: ['save'] }, { name: 'All files', extensions: ['*'] }] };
  const chosen = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
  const [file] = chosen.filePaths;
  return chosen.canceled || file === undefined ? null : { path: file };
}

/** The name comes from a domain's and may hold anything; only its last part is taken. */
const fileNameOf = (suggestedName: string): string => path.basename(suggestedName.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_'));

async function chooseFile(window: BrowserWindow | null, options: Electron.SaveDialogOptions): Promise<{ path: string } | null> {
  const { canceled, filePath } = await (window ? dialog.showSaveDialog(window, options) : dialog.showSaveDialog(options));
  return canceled || !filePath ? null : { path: filePath };
}

async function saveText(window: BrowserWindow | null, suggestedName: string, text: string): Promise<{ path: string } | null> {
  const chosen = await chooseFile(window, { title: 'Export', buttonLabel: 'Export', defaultPath: path.join(app.getPath('documents'), fileNameOf(suggestedName)) });
  if (chosen) await writeFile(chosen.path, text, { mode: 0o600 });
  return chosen;
}

async function saveImage(window: BrowserWindow | null, suggestedName: string, image: string): Promise<{ path: string } | null> {
  const png = pngFrom(image);
  const chosen = await chooseFile(window, { title: 'Save the screenshot', buttonLabel: 'Save', defaultPath: path.join(app.getPath('pictures'), fileNameOf(suggestedName)), filters: [{ name: 'PNG', extensions: ['png'] }] });
  if (chosen) await writeFile(chosen.path, png, { mode: 0o600 });
  return chosen;
}

/** A page may write pictures and nothing else by this way. */
function pngFrom(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('latin1', 1, 4) !== 'PNG') throw new VireoError('INVALID_ARG', 'the picture is no PNG');
  return bytes;
}

/** From Electron 4x on the clipboard is the web's; before it had a call for pictures. */
async function copyImage(png: Buffer): Promise<void> {
  const image = nativeImage.createFromBuffer(png);
  if (image.isEmpty()) throw new VireoError('INVALID_ARG', 'the picture cannot be read');
  if ('writeImage' in clipboard) (clipboard as unknown as { writeImage: (image: Electron.NativeImage) => void }).writeImage(image);
  else await clipboard.write([new ClipboardItem({ 'image/png': new Blob([new Uint8Array(png)], { type: 'image/png' }) })]);
}
