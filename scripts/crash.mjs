/** `npm run crash [-- --all] [--only TEXT] [--sample N] [--seed S]`: kills a host at every moment of a domain's life. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundle } from './build/run-bundled.mjs';
import { runInForeground } from './setup/foreground.mjs';
import { isMainScript, projectRoot, runScript } from './setup/project.mjs';
import { setUpCommand } from './setup/set-up.mjs';

async function crash(words) {
  await setUpCommand();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vireo-bundle-'));
  try {
    const [main, host, qemu] = await Promise.all(
      ['main', 'crashing-host-main', 'scripted-qemu-main'].map((name) => bundle(`test/crash/${name}.ts`, path.join(folder, name))),
    );
    return await runInForeground(process.execPath, ['--enable-source-maps', main, host, qemu, ...words], { cwd: projectRoot, env: process.env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (isMainScript(import.meta.url)) await runScript(() => crash(process.argv.slice(2)));
