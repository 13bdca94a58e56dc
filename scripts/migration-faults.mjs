/** `npm run migration-faults [-- --only TEXT] [--disk] [--sample N] [--seed S]`: every fault of a migration, at every phase. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundle } from './build/run-bundled.mjs';
import { runInForeground } from './setup/foreground.mjs';
import { isMainScript, projectRoot, runScript } from './setup/project.mjs';
import { setUpCommand } from './setup/set-up.mjs';

async function migrationFaults(words) {
  await setUpCommand();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vireo-bundle-'));
  try {
    const [main, host] = await Promise.all(['main', 'faulty-host-main'].map((name) => bundle(`test/migration-faults/${name}.ts`, path.join(folder, name))));
    return await runInForeground(process.execPath, ['--enable-source-maps', main, host, ...words], { cwd: projectRoot, env: process.env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (isMainScript(import.meta.url)) await runScript(() => migrationFaults(process.argv.slice(2)));
