/** `npm run soak -- [--minutes N] [--domains N] [--clients N] [--seed S]`: exit code 1 where anything was wrong. */
import { parseArgs } from 'node:util';
import { type ClientPlan, runClient } from './client-worker.ts';
import { runHost } from './host-worker.ts';
import { type SoakResult, soak, total } from './soak.ts';

/** Beside what fifty guests need for a moment; a leak of one descriptor or 10 KiB a start is many times this. */
const allowedDescriptors = 10;
const allowedHeapMiB = 15;

const [mode, argument = ''] = process.argv.slice(2);
if (mode === 'host') await runHost(argument);
else if (mode === 'client') await runClient(JSON.parse(argument) as ClientPlan);
else process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: { minutes: { type: 'string', default: '10' }, domains: { type: 'string', default: '50' }, clients: { type: 'string', default: '4' }, seed: { type: 'string', default: String(Date.now() % 100_000) } } });
  const [minutes, domains, clients, seed] = [values.minutes, values.domains, values.clients, values.seed].map(Number) as [number, number, number, number];
  if (![minutes, domains, clients, seed].every((value) => Number.isFinite(value) && value > 0)) throw new Error('--minutes, --domains, --clients and --seed take numbers above 0');
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`${domains} domains, ${clients} clients, ${minutes} minutes, seed ${seed}`);
  return report(await soak({ minutes, domains, clients, seed, say }), say);
}

function report(result: SoakResult, say: (line: string) => void): number {
  const { before, after } = result;
  for (const [operation, outcomes] of [...result.counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) say(`  ${operation.padEnd(18)} ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
  for (const [blow, count] of result.blows) say(`  ${blow}: ${count} times`);
  const figures = ({ heapMiB, residentMiB, descriptors }: typeof before): string => `heap ${heapMiB.toFixed(1)} MiB, resident ${residentMiB.toFixed(0)} MiB, ${descriptors} descriptors`;
  say(`before: ${figures(before)}`);
  say(`after:  ${figures(after)}; event loop p99 ${after.delayP99Ms.toFixed(1)} ms, at most ${result.highestDelayMs.toFixed(0)} ms`);
  const leaks = [
    ...(after.descriptors > before.descriptors + allowedDescriptors ? [`descriptors leaked: ${before.descriptors} before, ${after.descriptors} after`] : []),
    ...(after.heapMiB > before.heapMiB + allowedHeapMiB ? [`memory leaked: ${before.heapMiB.toFixed(1)} MiB before, ${after.heapMiB.toFixed(1)} after`] : []),
  ];
  const wrong = [...result.wrong, ...leaks, ...result.findings.map(({ operation, domain, what }) => `${operation} on ${domain}: ${what}`)];
  say(`${total(result.counts)} operations, ${[...result.blows.values()].reduce((sum, count) => sum + count, 0)} blows, ${result.looks} looks: ${wrong.length} wrong`);
  for (const what of wrong) say(`  ${what}`);
  return wrong.length === 0 ? 0 : 1;
}
