/**
 * `npm run crash [-- --only TEXT] [--scripted N] [--real N] [--all] [--seed S] [--at-once N] [--moments]`: how many moments of
 * each scenario to try with the scripted QEMU (all unless told) and with the real one (3); `--all` tries all with both. Exit
 * code 1 where anything was found.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CrashWorld } from './crash-world.ts';
import { type ScenarioFindings, search, summarize } from './search.ts';

const [, , host = '', qemu = '', ...words] = process.argv;
const { values } = parseArgs({
  args: words,
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    scripted: { type: 'string', default: 'all' },
    real: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    'at-once': { type: 'string', default: '2' },
    moments: { type: 'boolean', default: false },
  },
});

function count(option: 'seed' | 'at-once' | 'scripted' | 'real'): number {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${option} takes a whole number, not '${values[option]}'`);
  return number;
}

/** Null for every moment. */
const samples = { scripted: values.all || values.scripted === 'all' ? null : count('scripted'), real: values.all || values.real === 'all' ? null : count('real') };
const seed = count('seed');

function show({ scenario, moments, tried, findings, tookMs }: ScenarioFindings): void {
  process.stdout.write(`${scenario}: ${tried} deaths at ${moments.length} moments, ${findings.length} wrong, ${(tookMs / 1_000).toFixed(1)} s\n`);
  if (values.moments) for (const [index, moment] of moments.entries()) process.stdout.write(`  ${index + 1} ${moment}\n`);
  for (const { at, moment, wrong } of findings) process.stdout.write(`  ${at ?? 'end'} ${moment}:\n${wrong.map((each) => `    ${each}\n`).join('')}`);
}

const world = await CrashWorld.make({ host, qemu }, path.resolve('test/fixtures'));
let wrong = 0;
try {
  process.stdout.write(`seed ${seed}\n`);
  for (const emulator of ['scripted', 'real'] as const) {
    if (samples[emulator] === 0) continue;
    const found = await search(world, { emulator, sample: samples[emulator], seed, only: values.only, atOnce: Math.max(1, count('at-once')), onScenario: show });
    wrong += found.reduce((total, { findings }) => total + findings.length, 0);
    process.stdout.write(`${summarize(found, emulator)}\n`);
  }
} finally {
  await world[Symbol.asyncDispose]();
}
process.exitCode = wrong > 0 ? 1 : 0;
