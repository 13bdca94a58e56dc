/**
 * Proof that the simulation of who writes would notice: each defect below, planted into a copy of the multiplexer, must
 * break an oracle within two thousand runs. A rule without a mutant here is a rule that nobody checks.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as consoleMuxModule from '../../core/console/console-mux.ts';
import { ConsoleMux } from '../../core/console/console-mux.ts';
import { consoleScenarios } from '../support/console-scenarios.ts';
import { type CreateMux, simulateConsole } from '../support/console-simulation.ts';

const consoleFolder = fileURLToPath(new URL('../../core/console/', import.meta.url));
const runs = 2_000;
const seed = 20_261;

/** The files that say who writes; everything else they import is the real thing. */
const copied = ['console-mux.ts', 'console-port.ts', 'port-session.ts', 'input-ownership.ts', 'input-queue.ts'] as const;

interface Mutant {
  readonly file: (typeof copied)[number];
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What the simulation must say; so that a mutant that merely crashes does not count. */
  readonly caughtAs: RegExp;
}

const mux = { file: 'console-mux.ts' } as const;
const port = { file: 'console-port.ts' } as const;
const session = { file: 'port-session.ts' } as const;
const ownership = { file: 'input-ownership.ts' } as const;
const queue = { file: 'input-queue.ts' } as const;

const mutants: Readonly<Record<string, Mutant>> = {
  'whoever comes takes the input': { ...ownership, find: 'if (!this.#writer || force) return;', replace: 'return;', caughtAs: /gets null instead of OPERATION_FAILED/ },
  'a lock outlives its holder': { ...ownership, find: 'if (this.isWriter(session)) return this.release(session);', replace: '', caughtAs: /status is|may write instead of watch/ },
  'a lock outlives its device': { ...ownership, find: 'this.#declareMoot(null);\n    this.#writer = null;', replace: 'this.#declareMoot(null);', caughtAs: /status is|last change|may write instead of watch|OPERATION/ },
  'a request outlives its session': { ...ownership, find: 'if (this.#requests.delete(session)) this.#tellWriter();\n    this.#options', replace: 'this.#options', caughtAs: /was told|was not told|status is/ },
  'the last to ask is the first to have it': { ...ownership, find: 'const [next] = this.#requests.keys();', replace: 'const next = [...this.#requests.keys()].at(-1);', caughtAs: /status is/ },
  'nobody is given what its writer left': { ...ownership, find: 'this.#move(next ?? null, ', replace: 'this.#move(null, ', caughtAs: /status is/ },
  'watchers give the input away': { ...ownership, find: 'this.refuseUnlessWriter(session);\n    const asking = this.#asking(to);\n    const {', replace: 'const asking = this.#asking(to);\n    const {', caughtAs: /hand over and gets \w+ instead of OPERATION_DENIED/ },
  'force leaves the requests': { ...ownership, find: 'this.#declareMoot(session.label);', replace: '', caughtAs: /status is/ },
  'asking again loses its place': { ...ownership, find: 'if (!this.#requests.has(session)) {', replace: 'this.#requests.delete(session);\n    {', caughtAs: /was told/ },
  'a loser hears that somebody lost': { ...ownership, find: "how === 'taken' ? 'taken-over'", replace: "how === 'taken' ? 'writer-changed'", caughtAs: /was told 'writer-changed/ },
  'those who wait are not told for whom': { ...ownership, find: "if (to) for (const session of this.#requests.keys()) session.notify({ type: 'request', state: 'waiting', by: to.label });", replace: '', caughtAs: /was told|was not told/ },
  'a request is taken back in silence': { ...ownership, find: 'if (!this.#requests.delete(session)) return;\n    this.#tellWriter();', replace: 'if (!this.#requests.delete(session)) return;', caughtAs: /was told|was not told/ },
  'what a loser typed goes on': { ...port, find: 'if (loser) this.#input.drop(loser);', replace: '', caughtAs: /the device was given what|something else|of nobody|input of/ },
  'input waits a moment before it is queued': { ...port, find: 'const taken = push(waits);', replace: 'const taken = Promise.resolve().then(() => push(waits));', caughtAs: /the device was given what|something else|of nobody/ },
  'what is typed before a connection is made is refused': { ...port, find: 'const waits = !isHeld(this.device.backend);', replace: 'const waits = false;', caughtAs: /input of/ },
  'who cannot write keeps the input': { ...port, find: 'this.#options.clock.wallTime() });\n    this.ownership.release(session);', replace: 'this.#options.clock.wallTime() });', caughtAs: /status is/ },
  'a device that is not needed stays connected': { ...port, find: 'this.#link.needsWriter(writer !== null).catch', replace: 'this.#link.needsWriter(true).catch', caughtAs: /connected for nobody/ },
  'a new connection takes nothing up': { ...queue, find: 'else void this.#pump();', replace: '', caughtAs: /still waits/ },
  'a change is told by who is gone': { ...mux, find: 'if ((this.#ports.get(alias) ?? port) === port) ', replace: '', caughtAs: /last change/ },
  'a word is told before its place': { ...session, find: 'if (word && word.at <= this.#next)', replace: 'if (word)', caughtAs: /at \d+ instead of \d+/ },
  'the last words are lost to who looked just then': { ...session, find: 'if (ended) return null;', replace: 'if (this.#port.ended) return null;', caughtAs: /was not told|read \d+ of/ },
  'a session that has gone reads on': { ...session, find: 'this.#port.leave(this);\n    this.wake();', replace: 'this.#port.leave(this);', caughtAs: /still reads/ },
  'a list of requests hides a word': { ...session, find: "if (item.type === 'requests' && this.#words.at(-1)?.item.type === 'requests')", replace: "if (item.type === 'requests')", caughtAs: /was told|was not told/ },
  'input overtakes input': { ...queue, find: 'this.#waiting.push({', replace: 'this.#waiting.unshift({', caughtAs: /something else|input of|given what/ },
  'a cut connection keeps what waited': { ...queue, find: 'if (!connection) this.#drop(() => true, notConnected());\n    else void', replace: 'void', caughtAs: /input of|given what|something else|of nobody|gets|still being sent/ },
  'what is dropped is not given back': { ...queue, find: 'this.#waitingBytes -= sizeOf(waiting.rest);', replace: '', caughtAs: /RESOURCE_BUSY instead of|something else/ },
  'a break goes on after the input is lost': { ...queue, find: 'waiting.dropped?.abort(error);', replace: '', caughtAs: /still being sent/ },
  'a piece that was dropped counts for another': { ...queue, find: 'if (this.#waiting[0] !== first) return; // dropped meanwhile, and already answered and uncounted', replace: '', caughtAs: /input of|something else|given what|RESOURCE_BUSY|of nobody|still waits/ },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the multiplexer with one defect. */
async function plant(name: string, { file, find, replace }: Mutant): Promise<CreateMux> {
  const stem = name.replaceAll(/\W+/g, '-');
  for (const each of copied) {
    let source = await readFile(path.join(consoleFolder, each), 'utf8');
    if (each === file) {
      expect(source.split(find), `the text to change stands once in ${file}`).toHaveLength(2);
      source = source.replace(find, () => replace);
    }
    const own = source.replaceAll(/'(\.\.?\/[^']+)'/g, (_, from: string) => `'${copied.some((other) => from === `./${other}`) ? `./${stem}-${from.slice(2)}` : path.join(consoleFolder, from)}'`);
    await writeFile(path.join(folder, `${stem}-${each}`), own);
  }
  const planted = (await import(/* @vite-ignore */ path.join(folder, `${stem}-console-mux.ts`))) as typeof consoleMuxModule;
  return (options) => new planted.ConsoleMux(options);
}

async function verdict(createMux: CreateMux): Promise<string> {
  const property = fc.asyncProperty(consoleScenarios, (scenario) => simulateConsole(createMux, scenario));
  const found = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
  return found.failed && found.errorInstance instanceof Error ? found.errorInstance.message : 'nothing found';
}

describe('the simulation', () => {
  test('finds nothing in the multiplexer as it is', { timeout: 60_000 }, async () => {
    expect(await verdict((options) => new ConsoleMux(options))).toBe('nothing found');
  });

  test.each(Object.entries(mutants))('notices: %s', { timeout: 60_000 }, async (name, mutant) => {
    expect(await verdict(await plant(name, mutant))).toMatch(mutant.caughtAs);
  });
});
