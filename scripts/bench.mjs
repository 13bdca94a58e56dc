/**
 * `npm run bench [-- NAME...] [--rounds N] [--json FILE]`: runs the measurements. The numbers of a quiet machine are in
 * docs/BENCHMARKS.md.
 */
import { runBundled } from './build/run-bundled.mjs';
import { isMainScript, runScript } from './setup/project.mjs';

if (isMainScript(import.meta.url)) await runScript(() => runBundled('bench/main.ts', process.argv.slice(2)));
