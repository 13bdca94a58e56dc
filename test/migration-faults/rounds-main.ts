/**
 * `npm run migration-rounds -- [--rounds N] [--disk] [--seed S] [--bare N] [--at-once N]`: one guest that checks itself goes N
 * times between two hosts (with copies of its disk), the same guest N times between bare QEMUs, as the control for what TCG
 * itself does to memory, and N guests at once. Exit code 1 where anything is wrong but the memory, which a person compares.
 */
import { parseArgs } from 'node:util';
import { openMigrationHosts } from '../support/migration-hosts.ts';
import type { GuestReport } from '../support/checked-sector.ts';
import { bareRounds } from './bare-rounds.ts';
import { growthOf } from './footprint.ts';
import { manyAtOnce } from './many-at-once.ts';
import { thereAndBack } from './there-and-back.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '0' },
    disk: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    bare: { type: 'string', default: '0' },
    'at-once': { type: 'string', default: '0' },
  },
});
const [rounds, bare, atOnce, seed] = [values.rounds, values.bare, values['at-once'], values.seed].map(Number) as [number, number, number, number];
const stop = new AbortController();
// The round under way is the last: neither a host nor a guest is left behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

const { signal } = stop;
const allWrong: string[] = [];

function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

function found({ pass, memoryErrors, diskErrors, wrongAt, wrongValue }: GuestReport): string {
  const last = memoryErrors + diskErrors === 0 ? '' : `, the last at 0x${wrongAt.toString(16)}: 0x${wrongValue.toString(16)}`;
  return `pass ${pass}, ${memoryErrors} wrong pages, ${diskErrors} wrong blocks${last}`;
}

let before = -1;
function onRound(round: number, report: GuestReport, tookMs: number): void {
  if (round === 1) before = -1;
  const errors = report.memoryErrors + report.diskErrors;
  if (round % 10 === 0 || errors > Math.max(0, before)) say(`round ${round}: ${(tookMs / 1000).toFixed(1)} s, ${found(report)}`);
  before = errors;
}

say(`seed ${seed}`);
if (rounds > 0) {
  await using hosts = await openMigrationHosts();
  const result = await thereAndBack(hosts, { rounds, disk: values.disk, seed, signal, onRound });
  say(`${result.rounds} rounds ${values.disk ? 'with' : 'without'} copies of the disk: ${found(result.report)}`, growthOf(result.early, result.late), ...result.wrong.map((each) => `WRONG ${each}`));
  allWrong.push(...result.wrong);
}
if (bare > 0 && !signal.aborted) {
  const result = await bareRounds({ rounds: bare, seed, signal, onRound });
  say(`${result.rounds} bare rounds: ${found(result.report)}`, ...result.wrong.map((each) => `WRONG ${each}`));
  allWrong.push(...result.wrong);
}
if (atOnce > 0 && !signal.aborted) {
  const result = await manyAtOnce(atOnce, { bandwidthMiBps: 2 });
  for (const guest of result.guests) say(`${guest.name}: ${(guest.tookMs / 1000).toFixed(1)} s, ${guest.looks} looks, the slowest ${guest.slowestLookMs.toFixed(0)} ms, longest without progress ${guest.longestGapMs.toFixed(0)} ms`);
  say(`ports ${result.ports.join(', ')}`, ...result.wrong.map((each) => `WRONG ${each}`));
  allWrong.push(...result.wrong);
}
process.exitCode = allWrong.length > 0 || signal.aborted ? 1 : 0;
