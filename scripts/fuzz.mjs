/** `npm run fuzz -- [--runs N] [--seed S] [FOLDER]`: mutates definitions and looks for anything but a clear refusal. */
import { runBundled } from './build/run-bundled.mjs';
import { isMainScript, runScript } from './setup/project.mjs';

if (isMainScript(import.meta.url)) await runScript(() => runBundled('test/fuzz/main.ts', process.argv.slice(2)));
