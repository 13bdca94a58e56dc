/**
 * Where what was downloaded or built once is kept for all checkouts: the Electron runtime, the sample guest.
 *
 * The rule, shared with core/storage/sample-guest.ts (a test holds them together):
 *   1. VIREO_CACHE, where it is set, is the only folder.
 *   2. Otherwise new things go to XDG_CACHE_HOME/vireo where that is set, /var/cache/vireo for root on Linux, else
 *      the user's cache folder. Root does not use its home, because nobody else can read it, and the app's tests run
 *      as an unprivileged user.
 *   3. Whatever /var/cache/vireo already holds is used by everyone on Linux, not built a second time.
 */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isRoot } from './project.mjs';

const sharedFolder = '/var/cache/vireo';

/** The folders to look in, the one to write to first. @returns {string[]} */
export function cacheFolders(env = process.env) {
  if (env['VIREO_CACHE']) return [path.resolve(env['VIREO_CACHE'])];
  const own = ownFolder(env);
  return process.platform === 'linux' && own !== sharedFolder ? [own, sharedFolder] : [own];
}

/** The folder to write to; it is made, readable for other users. @returns {Promise<string>} */
export async function makeCacheFolder(...parts) {
  const folder = path.join(cacheFolders()[0], ...parts);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  return folder;
}

function ownFolder(env) {
  if (env['XDG_CACHE_HOME']) return path.join(env['XDG_CACHE_HOME'], 'vireo');
  if (process.platform === 'linux' && isRoot) return sharedFolder;
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'vireo');
  if (process.platform === 'win32') return path.join(env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'), 'vireo', 'cache');
  return path.join(os.homedir(), '.cache', 'vireo');
}
