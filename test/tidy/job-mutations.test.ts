/**
 * Proof that the simulation of the job engine would notice: each defect below, planted into a copy of the engine, must
 * break an oracle within a thousand runs. A rule without a mutant here is a rule that nobody checks.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as domainJobsModule from '../../core/job/domain-jobs.ts';
import { DomainJobs } from '../../core/job/domain-jobs.ts';
import type { JobEngine } from '../support/job-oracles.ts';
import { rarities } from '../support/job-rarities.ts';
import { type Scenario, scenarios } from '../support/job-scenarios.ts';
import { simulate } from '../support/job-simulation.ts';

const jobFolder = fileURLToPath(new URL('../../core/job/', import.meta.url));
const runs = 1000;
const seed = 20_260;

/** The files that make up the engine; everything else it imports is the real thing. */
const copied = ['domain-jobs.ts', 'handles.ts', 'async-state.ts'] as const;

interface Mutant {
  readonly file: (typeof copied)[number];
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What the simulation must say; so that a mutant that merely crashes does not count. */
  readonly caughtAs: RegExp;
}

const engine = { file: 'domain-jobs.ts' } as const;
const handles = { file: 'handles.ts' } as const;
const state = { file: 'async-state.ts' } as const;

const mutants: Readonly<Record<string, Mutant>> = {
  'two synchronous jobs at once': {
    ...engine,
    find: 'return this.#sync === null && !this.#isBarred(want);',
    replace: 'return !this.#isBarred(want);',
    caughtAs: /one synchronous job at a time|was let in past the mask/,
  },
  'a freed slot is not handed over': {
    ...engine,
    find: '    this.#forget(want, call);\n    this.#handOver();',
    replace: '    this.#forget(want, call);',
    caughtAs: /waits for .* though it could run/,
  },
  'a wider mask wakes nobody': {
    ...engine,
    find: 'state.setMask(mask);\n        this.#handOver();',
    replace: 'state.setMask(mask);',
    caughtAs: /waits for .* though it could run|was let in before/,
  },
  'the mask is ignored': {
    ...engine,
    find: "return want.kind !== 'nested' && want.kind !== 'destroy' && !this.#async.mask.has(want.kind);",
    replace: 'return false;',
    caughtAs: /was let in past the mask/,
  },
  'destroy obeys the mask': {
    ...engine,
    find: "return want.kind !== 'nested' && want.kind !== 'destroy' && !this.#async.mask.has(want.kind);",
    replace: "return want.kind !== 'nested' && (want.kind === 'destroy' || !this.#async.mask.has(want.kind));",
    caughtAs: /waits for destroy though it could run/,
  },
  'last come, first served': {
    ...engine,
    find: 'this.#waiters.push(waiter);',
    replace: 'this.#waiters.unshift(waiter);',
    caughtAs: /was let in before/,
  },
  'a masked waiter blocks those behind it': {
    ...engine,
    find: '        index += 1;\n        continue;',
    replace: '        break;',
    caughtAs: /waits for .* though it could run/,
  },
  'the deadline is forgotten': {
    ...engine,
    find: "if (!done.signal.aborted) waiter.refuse(this.#refusal(want, 'OPERATION_TIMEOUT'));",
    replace: '',
    caughtAs: /waits past its deadline/,
  },
  'the timer of a granted waiter stays': {
    ...engine,
    find: '        done.abort();\n',
    replace: '',
    caughtAs: /timers are left/,
  },
  'the listener of a granted waiter stays': {
    ...engine,
    find: "        giveUp?.removeEventListener('abort', onAbort);\n",
    replace: '',
    caughtAs: /left a listener/,
  },
  'who gave up stays in the queue': {
    ...engine,
    find: 'if (index >= 0) this.#waiters.splice(index, 1);',
    replace: 'if (index >= 0 && !giveUp?.aborted) this.#waiters.splice(index, 1);',
    caughtAs: /holds the .* slot|left over|nobody can go on/,
  },
  'a failed save of the end keeps the slot': {
    ...engine,
    find: '    } finally {\n      this.#release(want, call);\n    }',
    replace: '      return;\n    }\n    this.#release(want, call);',
    caughtAs: /still holds the .* slot/,
  },
  'a failed save of the begin keeps the slot': {
    ...engine,
    find: '      await this.#end(want, call); // another',
    replace: '      // another',
    caughtAs: /still holds the .* slot/,
  },
  'a job begins before it is on disk': {
    ...engine,
    find: 'await this.#options.persist(this.record());\n    } catch (error) {\n      // A full',
    replace: 'void this.#options.persist(this.record()).catch(() => {});\n    } catch (error) {\n      // A full',
    caughtAs: /on disk/,
  },
  'another record brings an ended job back': {
    ...engine,
    find: 'async: this.#async?.ending === false ? this.#async.record() : null,',
    replace: 'async: this.#async?.record() ?? null,',
    caughtAs: /on disk is/,
  },
  'a call may ask for a second job': {
    ...engine,
    find: 'invariant(!call.holds.has(this),',
    replace: 'invariant(true,',
    caughtAs: /asked twice and got|nobody can go on/,
  },
  'a call counts as holding for ever': {
    ...engine,
    find: "    if (want.kind !== 'nested') call.holds.delete(this);\n",
    replace: '',
    caughtAs: /still counts as holding/,
  },
  'the limit lets one more in': {
    ...engine,
    find: 'if (limit > 0 && !exempt && this.#queued >= limit)',
    replace: 'if (limit > 0 && !exempt && this.#queued > limit)',
    caughtAs: /past the limit/,
  },
  'the limit refuses destroy': {
    ...engine,
    find: 'if (limit > 0 && !exempt && this.#queued >= limit)',
    replace: 'if (limit > 0 && this.#queued >= limit)',
    caughtAs: /below the limit/,
  },
  'who has ended still counts': {
    ...engine,
    find: '    if (!isExempt(want)) this.#queued -= 1;\n',
    replace: '',
    caughtAs: /below the limit/,
  },
  'a domain that is gone keeps its waiters': {
    ...engine,
    find: 'for (const waiter of [...this.#waiters]) waiter.refuse(this.#closed);',
    replace: '',
    caughtAs: /waits for a domain that is gone/,
  },
  'a cancelled call cannot nest': {
    ...engine,
    find: "const giveUp = want.kind === 'nested' ? null : call.signal;",
    replace: 'const giveUp: AbortSignal | null = call.signal;',
    caughtAs: /was refused nested without reason/,
  },
  'the end does not wait for commands': {
    ...handles,
    find: 'if (this.#inFlight > 0) await',
    replace: 'if (this.#inFlight < 0) await',
    caughtAs: /a command of .* is in flight while|is nested in nothing/,
  },
  'a nested job outlives its asynchronous job': {
    ...handles,
    find: '    return this.counted(async () => {\n      const nested',
    replace: '    return (async (work: () => Promise<Nested<T>>) => await work())(async () => {\n      const nested',
    caughtAs: /is nested in nothing/,
  },
  'a nested body waits for itself': {
    ...handles,
    find: 'invariant(!isInsideBodyOf(this),',
    replace: 'invariant(true,',
    caughtAs: /nobody can go on/,
  },
  'a handle disposed after it was parked ends the job': {
    ...handles,
    find: '    this.#ending ??= this.#settle().then(last);\n    return this.#ending;',
    replace: '    this.#ending = this.#settle().then(last);\n    return this.#ending;',
    caughtAs: /runs but .* holds|parked,|still holds|on disk is|one asynchronous job/,
  },
  'a parked job’s deadline is forgotten': {
    ...engine,
    find: 'void clock.sleep(deadlineMs, left.signal).then(expire);',
    replace: '',
    caughtAs: /is parked past its deadline/,
  },
  'the deadline of an adopted job goes on': {
    ...state,
    find: '    this.parking.left.abort();\n',
    replace: '',
    caughtAs: /timers are left|took what|only a parked job/,
  },
  'an expired job stays parked beside its cleaning up': {
    ...state,
    find: '    this.parking = null;\n',
    replace: '',
    caughtAs: /but is shown as|took what|parked past|runs but/,
  },
  'any ticket will do': {
    ...engine,
    find: 'parked === found.ticket',
    replace: 'parked.kind === state.kind',
    caughtAs: /adopted what is not parked|took/,
  },
  'anybody may adopt': {
    ...engine,
    find: '    if (!matches) throw',
    replace: '    if (!found) throw',
    caughtAs: /adopted what is not parked|took/,
  },
  'a job expires without its owner’s cleaning up': {
    ...engine,
    find: '      await onExpired(job, call);\n',
    replace: '',
    caughtAs: /parked, but is shown as|runs but|left over|on disk is/,
  },
  'an expired job keeps its slot': {
    ...engine,
    find: '    } finally {\n      await job[Symbol.asyncDispose]();\n    }',
    replace: '    }',
    caughtAs: /left over|nobody can go on|still holds/,
  },
  'a domain that is gone keeps its parked job': {
    ...engine,
    find: '    this.#async?.parking?.expire();\n',
    replace: '',
    caughtAs: /is parked on a domain that is gone/,
  },
  'a job that is parked while the domain goes is kept': {
    ...engine,
    find: '    if (this.#closed) expire();\n',
    replace: '',
    caughtAs: /is parked on a domain that is gone/,
  },
  'who parked a job still counts as holding it': {
    ...engine,
    find: '    call.holds.delete(this);\n    this.changes.fire();\n    void clock',
    replace: '    this.changes.fire();\n    void clock',
    caughtAs: /still counts as holding/,
  },
  'a parked job is not on disk': {
    ...state,
    find: 'parkedFor: this.parking?.owner ?? this.#restoredFor,',
    replace: 'parkedFor: this.#restoredFor,',
    caughtAs: /is parked, but not on disk/,
  },
  'a job is parked over its commands': {
    ...handles,
    find: '    await this.endWith(async () => {\n      ticket = await this.#grant.park(options);\n    });',
    replace: '    ticket = await this.#grant.park(options);\n    await this.endWith(async () => {});',
    caughtAs: /is parked over the nested job/,
  },
  'an abort hits whatever job is there after the wait': {
    ...engine,
    find: '    if (this.#async !== state) throw',
    replace: '    if (!this.#async) throw',
    caughtAs: /which it was not asked/,
  },
  'a refusal to abort is ignored': {
    ...engine,
    find: "if (state.abortPolicy !== 'allowed') throw",
    replace: "if (state.abortPolicy === 'allowed' && state.ending) throw",
    caughtAs: /was told that nothing or what refuses/,
  },
  'a request to abort is only written down': {
    ...engine,
    find: '    state.requestAbort(cancelled(state.kind));\n',
    replace: '',
    caughtAs: /which it was not asked/,
  },
  'a request to abort is not written down': {
    ...engine,
    find: "    await this.#saveOrLog(call, 'a request to abort could not be saved');\n",
    replace: '',
    caughtAs: /did not survive the driver/,
  },
  'a request to abort is lost with the driver': {
    ...state,
    find: 'if (record.abortRequested) state',
    replace: 'if (!record) state',
    caughtAs: /restored/,
  },
  'a restored job begins anew': {
    ...state,
    find: '    state.phase = record.phase;\n',
    replace: '',
    caughtAs: /restored/,
  },
  'a restored job admits before the monitor is there': {
    ...state,
    find: '    state.mask = admitting([]);\n',
    replace: '',
    caughtAs: /was let in past the mask/,
  },
  'a restored job forgets whom it waited for': {
    ...state,
    find: '    state.#restoredFor = record.parkedFor;\n',
    replace: '',
    caughtAs: /restored/,
  },
  'a restored destroy is forgotten by the next record': {
    ...engine,
    find: 'destroy: this.#destroyRestored || (',
    replace: 'destroy: (',
    caughtAs: /restored|on disk/,
  },
  'a restored destroy is never done': {
    ...engine,
    find: "        if (want.kind === 'destroy') this.#destroyRestored = false;\n",
    replace: '',
    caughtAs: /on disk/,
  },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vireo-mutants-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function isCopied(from: string): boolean {
  return copied.some((each) => from === `./${each}`);
}

/** A copy of the engine with one defect. */
async function plant(name: string, { file, find, replace }: Mutant): Promise<JobEngine> {
  const sources: Record<string, string> = {};
  for (const each of copied) sources[each] = await readFile(path.join(jobFolder, each), 'utf8');
  const source = sources[file] ?? '';
  expect(source.split(find), `the text to change stands once in ${file}`).toHaveLength(2);
  sources[file] = source.replace(find, () => replace);
  const stem = name.replaceAll(/\W+/g, '-');
  for (const [each, text] of Object.entries(sources)) {
    const own = text
      .replaceAll(/'(\.\.?\/[^']+)'/g, (_, from: string) => `'${isCopied(from) ? `./${stem}-${from.slice(2)}` : path.join(jobFolder, from)}'`);
    await writeFile(path.join(folder, `${stem}-${each}`), own);
  }
  const planted = (await import(/* @vite-ignore */ path.join(folder, `${stem}-domain-jobs.ts`))) as typeof domainJobsModule;
  return planted.DomainJobs;
}

const examples = Object.values(rarities).map((each): [Scenario] => [each]);

async function verdict(jobs: JobEngine): Promise<string> {
  const property = fc.asyncProperty(scenarios, (scenario) => simulate(jobs, scenario));
  const found = await fc.check(property, { numRuns: runs, seed, examples, endOnFailure: true });
  return found.failed && found.errorInstance instanceof Error ? found.errorInstance.message : 'nothing found';
}

describe('the simulation', () => {
  test('finds nothing in the engine as it is', async () => {
    expect(await verdict(DomainJobs)).toBe('nothing found');
  });

  test.each(Object.entries(mutants))('notices: %s', async (name, mutant) => {
    expect(await verdict(await plant(name, mutant))).toMatch(mutant.caughtAs);
  });
});
