/**
 * A sample of what `npm run crash` tries whole: hosts that are killed at moments of a domain's life, and what the next one
 * finds. VIREO_CRASH_SEED repeats a failure; VIREO_CRASH_SAMPLE takes more moments of each scenario.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dieAt } from '../crash/crash-run.ts';
import { CrashWorld, type EmulatorKind } from '../crash/crash-world.ts';
import type { Scenario } from '../crash/scenario.ts';
import { scenarios } from '../crash/scenarios.ts';
import { type Finding, search, summarize } from '../crash/search.ts';
import { buildProgram } from '../support/build-program.ts';
import { print } from '../support/print.ts';

const seed = Number(process.env['VIREO_CRASH_SEED'] ?? Math.floor(Math.random() * 1e6));
const sources = fileURLToPath(new URL('../crash/', import.meta.url));
const sample = Number(process.env['VIREO_CRASH_SAMPLE'] ?? 1);
let bundles: string;
let world: CrashWorld;

beforeAll(async () => {
  bundles = await mkdtemp('/tmp/vireo-');
  const [host, qemu] = await Promise.all(['crashing-host', 'scripted-qemu'].map((name) => buildProgram(path.join(sources, `${name}-main.ts`), bundles, name)));
  world = await CrashWorld.make({ host: host as string, qemu: qemu as string }, path.join(sources, '..', 'fixtures'));
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(bundles, { recursive: true, force: true });
});

const reconnect = scenarios.find(({ name }) => name === 'reconnect') as Scenario;
const onlyIn = async (folder: string): Promise<string> => path.join(folder, (await readdir(folder))[0] ?? '');

test.each<[string, (home: string, pid: number) => Promise<unknown>, RegExp]>([
  ['whose state file is lost', async (home) => rm(await onlyIn(path.join(home, 'status'))), /'guest' is not running a QEMU, and always is/],
  ['whose definition is lost', async (home) => rm(await onlyIn(path.join(home, 'domains'))), /'guest' is not defined, and always is/],
  ['that ended', (_home, pid) => Promise.resolve(process.kill(pid, 'SIGKILL')), /'guest' is shut off \(unknown\), expected running/],
])('a guest %s is found wrong', async (_, damage, finding) => {
  const { wrong } = await dieAt(world, { scenario: { ...reconnect, meanwhile: (home, pids) => damage(home, pids.get('guest') as number).then(() => {}) }, emulator: 'scripted', at: null });
  expect(wrong.join('; ')).toMatch(finding);
});

const told = ({ scenario, at, moment, wrong }: Finding): string => `${scenario}, moment ${at ?? 'at its end'} (${moment}): ${wrong.join('; ')}`;

test.each<[EmulatorKind, number]>([
  ['scripted', 1],
  ['real', 3],
])('no guest is lost, doubled or left unmanaged wherever a host dies (%s QEMU)', async (emulator, oneIn) => {
  const found = await search(world, { emulator, sample, seed, oneIn: sample > 1 ? 1 : oneIn, atOnce: 2 });
  print(`${summarize(found, emulator)}; seed ${seed}`);
  expect(found.flatMap(({ findings }) => findings.map(told))).toEqual([]);
  expect(found.every(({ moments }) => moments.length > 3)).toBe(true);
}, 600_000);
