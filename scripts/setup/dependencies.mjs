/**
 * The npm dependencies, exactly as package-lock.json has them, without their install scripts: Electron's download and
 * node-pty's build are steps of their own, with time limits and with something to say when they fail.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from './project.mjs';
import { run } from './run-command.mjs';
import { fileStamp, isStamped, putStamp } from './stamp.mjs';
import { step } from './step.mjs';

const installLimitMs = 600_000;

export async function installDependencies() {
  const stamp = await fileStamp('package-lock.json');
  if (await isStamped('dependencies', stamp)) return;
  if (!(await installedAsLocked())) {
    await step('npm ci', () =>
      run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'], {
        cwd: projectRoot,
        timeoutMs: installLimitMs,
        env: { ...process.env, ELECTRON_SKIP_BINARY_DOWNLOAD: '1' },
      }),
    );
  }
  await putStamp('dependencies', stamp);
}

/**
 * Whether npm's own record of node_modules already agrees with the lock file, as after an `npm install` by hand. What is
 * optional may be absent: npm leaves out what is for other platforms.
 */
async function installedAsLocked() {
  const [locked, installed] = await Promise.all([packagesOf('package-lock.json'), packagesOf('node_modules/.package-lock.json')]);
  if (!locked || !installed) return false;
  return Object.entries(locked).every(([name, entry]) => {
    if (name === '') return true;
    const present = installed[name];
    return present ? present.version === entry.version && present.integrity === entry.integrity : entry.optional || entry.devOptional;
  });
}

async function packagesOf(file) {
  const text = await readFile(path.join(projectRoot, file), 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text).packages;
}
