/**
 * `npm run -s vireo -- COMMAND`: the command line out of a checkout. Sees to it that it is built, then gets out of the
 * way: the command runs in the caller's folder, with the caller's terminal, signals and exit code.
 */
import path from 'node:path';
import { buildIfStale } from './build.mjs';
import { runInForeground } from './setup/foreground.mjs';
import { projectRoot, runScript } from './setup/project.mjs';
import { setUpCommand } from './setup/set-up.mjs';

await runScript(async () => {
  await setUpCommand();
  await buildIfStale();
  return runInForeground(process.execPath, [path.join(projectRoot, 'dist', 'vireo.cjs'), ...process.argv.slice(2)], {
    cwd: process.env['INIT_CWD'] ?? process.cwd(), // npm runs scripts in the project's folder
    env: { ...process.env, VIREO_NODE: process.execPath },
  });
});
