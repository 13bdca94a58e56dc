/**
 * A sample of what `npm run migration-faults` plays whole: hosts that are real processes, real QEMUs and links between them
 * that fail in the middle of a migration, and where the guest is then.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allCells, nameOf } from '../migration-faults/cells.ts';
import { lineOf, runCells } from '../migration-faults/table.ts';
import { buildProgram } from '../support/build-program.ts';

/** One for each way out: nobody may run twice, and each guest goes on where it is. */
const sample = [
  'memory, destination driver, kill',
  'memory, destination QEMU, kill',
  'disks, peer link, kill, with a disk',
  'perform3_done, source driver, kill',
  'finish2, destination driver, kill',
  'confirm3, source driver, kill',
  'post-copy, memory link, kill',
];

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  program = await buildProgram(fileURLToPath(new URL('../migration-faults/faulty-host-main.ts', import.meta.url)), folder, 'faulty-host');
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('whatever fails in a migration, one guest is left that runs or can go on, and nothing beside it', async () => {
  const cells = [false, true].flatMap((disk) => allCells({ disk })).filter((cell) => sample.includes(nameOf(cell)));
  expect(cells.map(nameOf).toSorted()).toEqual(sample.toSorted());
  const results = await runCells(program, cells, { atOnce: 2 });
  expect(results.filter(({ wrong }) => wrong.length > 0).map(lineOf)).toEqual([]);
}, 600_000);
