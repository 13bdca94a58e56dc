/**
 * The screenless host among the programs that start with the desktop session, so that guests with an autostart mark run
 * before anybody opens a window. It ends by itself where there is nothing to start. Linux has a file for it (the desktop
 * application autostart specification 0.5), which Electron does not write; elsewhere Electron knows the place.
 */
import { access, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { app } from 'electron';
import { makePrivateFolder, writeAtomic } from '../core/base/atomic-file.ts';
import { desktopEntry } from './desktop-entry.ts';

export interface LoginCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What the program needs in its environment beside the session's own. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function startsAtLogin(command: LoginCommand): Promise<boolean> {
  if (process.platform === 'linux') return await access(entryFile()).then(() => true, () => false);
  return app.getLoginItemSettings({ path: command.program, args: [...command.args] }).openAtLogin;
}

export async function setStartsAtLogin(command: LoginCommand, on: boolean): Promise<void> {
  if (process.platform !== 'linux') return app.setLoginItemSettings({ openAtLogin: on, path: command.program, args: [...command.args] });
  const file = entryFile();
  if (!on) return await rm(file, { force: true });
  await makePrivateFolder(path.dirname(file));
  await writeAtomic(file, desktopEntry(command), 0o644);
}

function entryFile(): string {
  const configured = process.env['XDG_CONFIG_HOME'];
  return path.join(configured && path.isAbsolute(configured) ? configured : path.join(os.homedir(), '.config'), 'autostart', 'vireo-guests.desktop');
}
