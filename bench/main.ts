/** `npm run bench [-- NAME...] [--rounds N] [--json FILE]`: runs the benches one after the other and prints what they measured. */
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import path from 'node:path';
import { DisposableStack } from '../core/base/lifetime.ts';
import { prepareStateFolder, stateLayout } from '../core/status/state-folder.ts';
import { type Bench, type BenchContext, CannotMeasure, type Measurement } from './bench.ts';
import { benches } from './benches.ts';
import { HostProcess, workerArgument } from './host-process.ts';
import { serveOrders } from './host-worker.ts';
import { formatFacts, machineFacts } from './machine-facts.ts';
import { formatMeasurement } from './report.ts';

if (process.argv.includes(workerArgument)) serveOrders();
else process.exitCode = await runBenches(process.argv.slice(2));

interface Choice {
  readonly chosen: readonly Bench[];
  readonly rounds: number | null;
  readonly jsonFile: string | null;
}

async function runBenches(words: readonly string[]): Promise<number> {
  const choice = choose(words);
  if (typeof choice === 'string') return say(choice, 2);
  const stop = new AbortController();
  // The same signal comes twice, from the terminal's group and from the script: neither may cut the cleaning up short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const facts = await machineFacts();
  say(`${formatFacts(facts)}\n`);
  const measured: { name: string; title: string; limit: string | null; measurement: Measurement | null }[] = [];
  for (const bench of choice.chosen) {
    if (stop.signal.aborted) break;
    const outcome = await runOne(bench, choice.rounds ?? bench.defaultRounds, stop.signal);
    const failed = outcome instanceof Error;
    measured.push({ name: bench.name, title: bench.title, limit: failed ? outcome.message : null, measurement: failed ? null : outcome });
    say(failed ? `${bench.name}: ${outcome instanceof CannotMeasure ? outcome.message : (outcome.stack ?? outcome.message)}\n` : formatMeasurement(bench, outcome));
  }
  if (choice.jsonFile !== null) await writeFile(choice.jsonFile, `${JSON.stringify({ facts, measured }, null, 2)}\n`);
  return measured.every(({ measurement }) => measurement !== null) && !stop.signal.aborted ? 0 : 1;
}

function choose(words: readonly string[]): Choice | string {
  const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options: { rounds: { type: 'string' }, json: { type: 'string' } } });
  const unknown = positionals.find((name) => !benches.some((bench) => bench.name === name));
  if (unknown !== undefined) return `there is no bench '${unknown}', only ${benches.map(({ name }) => name).join(', ')}`;
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0)) return `--rounds takes a number above 0, not '${values.rounds}'`;
  const chosen = positionals.length === 0 ? benches : benches.filter(({ name }) => positionals.includes(name));
  return { chosen, rounds, jsonFile: values.json === undefined ? null : path.resolve(process.env['INIT_CWD'] ?? '.', values.json) };
}

/** Bounded: at the limit its signal aborts, and whatever it has started ends before this returns. */
async function runOne(bench: Bench, rounds: number, stop: AbortSignal): Promise<Measurement | Error> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`${bench.name} was not done after ${bench.limitMs / 1000} s`)), bench.limitMs);
  await using started = new DisposableStack();
  const signal = AbortSignal.any([stop, limit.signal]);
  const context: BenchContext = {
    signal,
    rounds,
    startHost: async () => started.use(new HostProcess(await newHome(), signal)),
  };
  try {
    return await bench.run(context);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** A folder with what a host has learnt of this machine's QEMU. */
let knownCapabilities: string | null = null;

/** A state folder that knows what this QEMU can do: probing it is no part of what is measured. */
async function newHome(): Promise<string> {
  const home = await mkdtemp('/tmp/vireo-');
  const layout = stateLayout(home);
  await prepareStateFolder(layout);
  knownCapabilities ??= await probeOnce();
  await cp(knownCapabilities, layout.capabilities, { recursive: true });
  return home;
}

/** Opens a host once, on a folder of its own, for what it learns; that lies beside the program and goes with it. */
async function probeOnce(): Promise<string> {
  const home = await mkdtemp('/tmp/vireo-');
  const kept = path.join(path.dirname(process.argv[1] as string), 'capabilities');
  await prepareStateFolder(stateLayout(home));
  await using host = new HostProcess(home, AbortSignal.timeout(30_000));
  await host.open();
  await cp(stateLayout(home).capabilities, kept, { recursive: true });
  return kept;
}

function say(text: string, code = 0): number {
  process.stdout.write(`${text}\n`);
  return code;
}
