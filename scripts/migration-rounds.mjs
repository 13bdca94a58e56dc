/** `npm run migration-rounds [-- --rounds N] [--disk] [--bare N] [--at-once N] [--seed S]`: guests that check themselves, between two hosts. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundle } from './build/run-bundled.mjs';
import { runInForeground } from './setup/foreground.mjs';
import { isMainScript, projectRoot, runScript } from './setup/project.mjs';
import { setUpCommand } from './setup/set-up.mjs';

async function migrationRounds(words) {
  await setUpCommand();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vireo-bundle-'));
  try {
    const main = await bundle('test/migration-faults/rounds-main.ts', path.join(folder, 'main'));
    return await runInForeground(process.execPath, ['--enable-source-maps', '--expose-gc', main, ...words], { cwd: projectRoot, env: process.env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (isMainScript(import.meta.url)) await runScript(() => migrationRounds(process.argv.slice(2)));
