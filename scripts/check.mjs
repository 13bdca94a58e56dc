/**
 * `npm run check`: types, lint, floors, tidiness and the unit tests, side by side, one line each, and what
 * failed with its reason. Meant for every commit: under a minute.
 */
import path from 'node:path';
import { brokenFloors } from './check/floors.mjs';
import { untidyFiles } from './check/tidiness.mjs';
import { secondTriesIn } from './check/second-tries.mjs';
import { runVitest } from './check/vitest.mjs';
import { isMainScript, projectRoot, runScript } from './setup/project.mjs';
import { outcomeOf } from './setup/run-command.mjs';
import { setUpCommand } from './setup/set-up.mjs';

const limitMs = 420_000;

/**
 * @typedef {{ findings: string, tests?: import('./check/vitest.mjs').Counts }} Verdict
 * @type {Readonly<Record<string, () => Promise<Verdict>>>}
 */
const checks = {
  floors: async () => ({ findings: (await brokenFloors(projectRoot)).join('\n') }),
  tidiness: async () => ({ findings: (await untidyFiles(projectRoot)).join('\n') }),
  types: () => runTool('tsc', ['-p', '.', '--pretty', 'false']),
  lint: () => runTool('oxlint', ['--type-aware', '--format=unix']),
  unit: async () => {
    const { counts, failures, output } = await runVitest('unit', { limitMs, quiet: true });
    for (const line of secondTriesIn(output)) console.log(line);
    return { findings: counts.failed > 0 ? failures || output : '', tests: counts };
  },
};

/**
 * Runs all checks; answers the tests counted, with each other check that failed as one failure.
 * @returns {Promise<import('./check/vitest.mjs').Counts>}
 */
export async function check() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  await Promise.all(
    Object.entries(checks).map(async ([name, run]) => {
      const startMs = performance.now();
      const { findings, tests } = await run();
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      const counted = tests ? ` (${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped)` : '';
      console.log(`${findings ? 'FAILED' : 'ok    '} ${name} ${seconds} s${counted}${findings ? `\n${findings.trimEnd()}\n` : ''}`);
      total.passed += tests?.passed ?? 0;
      total.skipped += tests?.skipped ?? 0;
      total.failed += tests?.failed ?? (findings ? 1 : 0);
    }),
  );
  return total;
}

/** The tools' own start scripts, run by this Node. @returns {Promise<Verdict>} */
async function runTool(name, args) {
  const tool = path.join(projectRoot, 'node_modules', { tsc: 'typescript/bin/tsc', oxlint: 'oxlint/bin/oxlint' }[name]);
  const outcome = await outcomeOf(process.execPath, [tool, ...args], { cwd: projectRoot, timeoutMs: limitMs });
  if (outcome.code === 0) return { findings: '' };
  return { findings: outcome.timedOut ? `no end within ${limitMs / 1000} s` : `${outcome.stdout}${outcome.stderr}` || `exit code ${outcome.code}` };
}

if (isMainScript(import.meta.url)) {
  await runScript(async () => {
    await setUpCommand();
    return (await check()).failed > 0 ? 1 : 0;
  });
}
