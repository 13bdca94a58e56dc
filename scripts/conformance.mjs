/**
 * `npm run -s conformance -- FOLDER [--json] [--capabilities FILE ...] [--schema FILE] [--no-qemu]`: measures how much of
 * a folder of libvirt domain definitions this driver reads, keeps and runs. What the columns mean is in
 * docs/COMPATIBILITY.md.
 */
import { runBundled } from './build/run-bundled.mjs';
import { isMainScript, runScript } from './setup/project.mjs';

if (isMainScript(import.meta.url)) await runScript(() => runBundled('conformance/main.ts', process.argv.slice(2)));
