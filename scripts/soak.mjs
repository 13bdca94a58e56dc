/**
 * `npm run soak -- [--minutes N] [--domains N] [--clients N] [--seed S]`: real guests under random work and blows. What
 * ten minutes of it came to is in docs/BENCHMARKS.md.
 */
import { runBundled } from './build/run-bundled.mjs';
import { isMainScript, runScript } from './setup/project.mjs';

if (isMainScript(import.meta.url)) await runScript(() => runBundled('test/soak/main.ts', process.argv.slice(2)));
