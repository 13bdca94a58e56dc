/**
 * node-pty's native part, which no package carries for Linux: compiled here, for the tests that drive the command in a
 * real terminal. The app does without it, so a machine where it cannot be built is told so in one line and goes on.
 */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from './project.mjs';
import { outcomeOf } from './run-command.mjs';
import { fileStamp, isStamped, putStamp } from './stamp.mjs';
import { say, step } from './step.mjs';

const buildLimitMs = 180_000;

export async function buildNodePty() {
  const folder = path.join(projectRoot, 'node_modules', 'node-pty');
  if (!(await exists(folder)) || (await hasNativePart(folder))) return;
  const stamp = await fileStamp('package-lock.json');
  if (await isStamped('node-pty', stamp)) return; // it was tried here and could not be built
  const outcome = await step('node-pty', async () =>
    outcomeOf('npm', ['rebuild', 'node-pty', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: projectRoot,
      timeoutMs: buildLimitMs,
      env: { ...process.env, ...(await localHeaders()) },
    }),
  );
  await putStamp('node-pty', stamp);
  if (!(await hasNativePart(folder))) {
    const reason = outcome.timedOut ? 'it took too long' : (outcome.stderr.split('\n').find((line) => /error/i.test(line)) ?? 'unknown reason');
    say('node-pty', `could not be built, tests that need a terminal are skipped: ${reason.trim()}`);
  }
}

/** Node's own headers, where its package brought them along: the compiler then needs no download. */
async function localHeaders() {
  const prefix = path.dirname(path.dirname(process.execPath));
  return (await exists(path.join(prefix, 'include', 'node', 'node_api.h'))) ? { npm_config_nodedir: prefix } : {};
}

async function hasNativePart(folder) {
  const places = ['build/Release/pty.node', `prebuilds/${process.platform}-${process.arch}/pty.node`];
  return (await Promise.all(places.map((place) => exists(path.join(folder, place))))).some(Boolean);
}

const exists = (file) => access(file).then(() => true, () => false);
