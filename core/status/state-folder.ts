/**
 * Where a host keeps everything it must not forget, and what lies where in it. One folder, one owner: whoever names
 * another folder gets another host, with its own domains and its own identity. Sockets live in it too, and the kernel
 * limits their paths, so a folder that is too deep is refused before anything is written.
 */
import { createHash } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { makePrivateFolder } from '../base/atomic-file.ts';
import { VireoError } from '../base/errors.ts';
import { maximumSocketPathBytes } from '../transport/open-socket.ts';

/** The longest name of a socket that a domain has in its run folder; aliases beyond it are refused by whoever adds them. */
const longestSocketName = 'c-console123';

/** Absolute paths of everything in a state folder; `socket` is a named pipe on Windows. */
export interface StateLayout {
  readonly root: string;
  /** Persistent definitions, one file a domain. */
  readonly domains: string;
  /** Running domains, one file each. */
  readonly status: string;
  /** Sockets and what else has a meaning only while something runs. */
  readonly run: string;
  readonly logs: string;
  /** Firmware variables, one file a domain that has some. */
  readonly nvram: string;
  /** What else a domain keeps over its runs, such as the state of its TPM; a folder each. */
  readonly guests: string;
  /** What QEMU binaries can do, as it was probed. */
  readonly capabilities: string;
  readonly hostUuidFile: string;
  /** What an administrator set for this host. */
  readonly settingsFile: string;
  readonly ownerFile: string;
  readonly socket: string;
}

export interface StateFolderRequest {
  /** What the user named (`--home`), resolved by the caller against the folder the user is in. */
  readonly option?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder; asked of the system where it is left out. */
  readonly home?: string | undefined;
}

/** The state folder to use: the option, then VIREO_HOME, then the platform's place for state. */
export function resolveStateFolder(request: StateFolderRequest): string {
  const { env, platform } = request;
  const named = request.option || env['VIREO_HOME'];
  if (named) return path.resolve(named);
  const home = request.home ?? homedir();
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Vireo');
  if (platform === 'win32') return path.join(env['LOCALAPPDATA'] || path.join(home, 'AppData', 'Local'), 'Vireo');
  const xdg = env['XDG_STATE_HOME'];
  // The XDG base directory specification asks to ignore a relative path.
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : path.join(home, '.local', 'state'), 'vireo');
}

/** @throws INVALID_ARG when the sockets below `root` would not fit, with the way out. */
export function stateLayout(root: string, platform: NodeJS.Platform = process.platform): StateLayout {
  const run = path.join(root, 'run');
  const layout: StateLayout = {
    root,
    domains: path.join(root, 'domains'),
    status: path.join(root, 'status'),
    run,
    logs: path.join(root, 'logs'),
    nvram: path.join(root, 'nvram'),
    guests: path.join(root, 'guests'),
    capabilities: path.join(root, 'capabilities'),
    hostUuidFile: path.join(root, 'host-uuid'),
    settingsFile: path.join(root, 'settings.json'),
    ownerFile: path.join(root, 'owner'),
    socket: platform === 'win32' ? `\\\\.\\pipe\\vireo-${shortHash(root.toLowerCase())}` : path.join(run, 'api'),
  };
  if (platform !== 'win32') assertSocketsFit(layout);
  return layout;
}

/** The folder of one domain's sockets: short, whatever the domain is called. */
export function runFolder(layout: StateLayout, uuid: string): string {
  return path.join(layout.run, runFolderName(uuid));
}

/** The last part of `runFolder`, the same in every state folder. */
export function runFolderName(uuid: string): string {
  return shortHash(uuid.toLowerCase());
}

/** Makes the folders that are missing; all of them are the user's alone. */
export async function prepareStateFolder(layout: StateLayout): Promise<void> {
  await makePrivateFolder(layout.root);
  // A folder that was there, made by hand or unpacked from a backup, may be open to others.
  await makePrivate(layout.root);
  for (const folder of [layout.domains, layout.status, layout.run, layout.logs, layout.nvram, layout.guests, layout.capabilities]) {
    await makePrivateFolder(folder);
    await makePrivate(folder);
  }
}

/** What a guest of another user must pass through on its way to its files; whoever labels them has opened it so far (core/label). */
const passable = 0o711;

async function makePrivate(folder: string): Promise<void> {
  if (((await stat(folder)).mode & 0o777) !== passable) await chmod(folder, 0o700);
}

function assertSocketsFit(layout: StateLayout): void {
  // Every run folder has a name of the same length, so that one stands for all.
  const longest = path.join(runFolder(layout, ''), longestSocketName);
  const excessBytes = Buffer.byteLength(longest) - maximumSocketPathBytes;
  if (excessBytes <= 0) return;
  const rootBytes = Buffer.byteLength(layout.root);
  const maximumBytes = rootBytes - excessBytes;
  throw new VireoError('INVALID_ARG', `the path of the state folder is too long for the sockets in it: ${layout.root} has ${rootBytes} bytes of at most ${maximumBytes}; choose a shorter one with --home or VIREO_HOME`, {
    details: { path: layout.root, bytes: rootBytes, maximumBytes },
  });
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
