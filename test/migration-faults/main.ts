/**
 * `npm run migration-faults [-- --only TEXT] [--disk] [--no-long] [--sample N --seed S] [--at-once N] [--log]`: plays the table
 * phase x part x fault of a migration with real QEMUs and prints each cell with where the guest was afterwards and what was
 * told. Exit code 1 where a cell is wrong.
 */
import { parseArgs } from 'node:util';
import { Random } from '../fuzz/random.ts';
import { allCells, nameOf } from './cells.ts';
import { lineOf, runCells } from './table.ts';

const [, , host = '', ...words] = process.argv;
const { values } = parseArgs({
  args: words,
  options: {
    only: { type: 'string', default: '' },
    disk: { type: 'boolean', default: false },
    'no-long': { type: 'boolean', default: false },
    sample: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    'at-once': { type: 'string', default: '2' },
    log: { type: 'boolean', default: false },
  },
});

const chosen = allCells({ disk: values.disk }).filter((cell) => nameOf(cell).includes(values.only) && !(values['no-long'] && cell.fault === 'long hang'));
process.stdout.write(`${chosen.length} cells, seed ${values.seed}\n`);
const stop = new AbortController();
// Neither a host nor a guest is left behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const results = await runCells(host, sampled(), {
  signal: stop.signal,
  atOnce: Math.max(1, Number(values['at-once'])),
  onResult: (result, log) => {
    process.stdout.write(`${lineOf(result)}\n`);
    if (values.log && result.wrong.length > 0) process.stdout.write(log.map((line) => `        ${line}\n`).join(''));
  },
});
const wrong = results.filter((result) => result.wrong.length > 0).length;
process.stdout.write(`${results.length} cells, ${wrong} wrong\n`);
process.exitCode = wrong > 0 || stop.signal.aborted ? 1 : 0;

function sampled(): typeof chosen {
  if (values.sample === '') return chosen;
  const random = new Random(Number(values.seed));
  return chosen.map((cell) => ({ cell, at: random.next() })).toSorted((one, other) => one.at - other.at).slice(0, Number(values.sample)).map(({ cell }) => cell);
}
