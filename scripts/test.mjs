/**
 * `npm test`: sets everything up, builds, then runs all there is: the checks with the unit tests, the tests with real
 * QEMU processes, the tests of the real app. Its last line is the count of them all.
 * For developers: `npm test -- --only unit|qemu|electron`.
 */
import { buildIfStale } from './build.mjs';
import { check } from './check.mjs';
import { runElectronTests } from './check/electron-stage.mjs';
import { runVitest } from './check/vitest.mjs';
import { sampleGuest } from './sample-guest/build.mjs';
import { isMainScript, runScript, SetupProblem } from './setup/project.mjs';
import { setUpTests } from './setup/set-up.mjs';
import { say, step } from './setup/step.mjs';

const qemuLimitMs = 1_800_000;
const electronLimitMs = 900_000;
const stageNames = ['unit', 'qemu', 'electron'];

/** @param {readonly string[]} words @returns {readonly string[]} the stages to run */
export function chosenStages(words) {
  const at = words.indexOf('--only');
  if (at < 0) return stageNames;
  const name = words[at + 1] ?? '';
  if (!stageNames.includes(name)) throw new SetupProblem(`--only takes one of ${stageNames.join(', ')}, not '${name}'`);
  return [name];
}

async function test(words) {
  const chosen = chosenStages(words);
  process.env['VIREO_SECOND_TRY'] = '1';
  const { electron } = await setUpTests();
  say('electron', electron.version);
  const guest = await provideSampleGuest();
  await buildIfStale();
  const stages = {
    unit: check,
    qemu: () => shown(runVitest('qemu', { limitMs: qemuLimitMs, env: { ...process.env, VIREO_NODE: process.execPath } })),
    electron: () => shown(runElectronTests({ electron, guest, limitMs: electronLimitMs })),
  };
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of chosen) {
    console.log(`\n== ${name}`);
    const counts = await stages[name]();
    for (const kind of Object.keys(total)) total[kind] += counts[kind];
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 ? 1 : 0;
}

/** The counts of a stage, its failures once more below its long output. @param {Promise<import('./check/vitest.mjs').ProjectOutcome>} run */
async function shown(run) {
  const { counts, failures } = await run;
  if (failures) console.log(`\n${failures}`);
  return counts;
}

async function provideSampleGuest() {
  const present = await sampleGuest({ build: false });
  const guest = 'missing' in present ? await step('sample guest', () => sampleGuest({ build: true })) : present;
  if ('missing' in guest) throw new SetupProblem(`the tests need the sample guest: ${guest.missing}`);
  return guest;
}

if (isMainScript(import.meta.url)) await runScript(() => test(process.argv.slice(2)));
