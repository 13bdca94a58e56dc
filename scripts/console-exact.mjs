/**
 * `npm run console-exact -- [--bytes 1G] [--seed S] [--device port|hvc0|ttyS1] [--bounded]`: a real guest says so much
 * of what is known, to a writer and ten watchers who come, go and take over; the log keeps all of it, or its usual bounds.
 * What a run came to is in docs/BENCHMARKS.md.
 */
import { runBundled } from './build/run-bundled.mjs';
import { isMainScript, runScript } from './setup/project.mjs';

if (isMainScript(import.meta.url)) await runScript(() => runBundled('test/console-exact/main.ts', process.argv.slice(2)));
