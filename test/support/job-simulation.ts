/**
 * Many calls on two domains in one interleaving, on virtual time: synchronous, asynchronous, nested and agent jobs,
 * cancelled calls, deaths of QEMU, saves that fail, deadlines. test/support/job-oracles.ts says what must hold.
 */
import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { Call } from '../../core/job/call.ts';
import type { AsyncJob, SyncJob } from '../../core/job/handles.ts';
import type { AsyncKind, SyncKind } from '../../core/job/kinds.ts';
import { type Attempt, type JobEngine, SimulatedDomain, expectThat, isExempt, mustBePersisted, waitMs } from './job-oracles.ts';
import { Steps } from './steps.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

interface Caller {
  readonly domain: 0 | 1;
  /** The client gives up at some moment. */
  readonly cancel: boolean;
}

export type Actor =
  | (Caller & { readonly type: 'sync'; readonly kind: SyncKind; readonly commands: number; readonly leaves: boolean; readonly again: boolean })
  | (Caller & { readonly type: 'async'; readonly kind: AsyncKind; readonly nests: number; readonly together: boolean; readonly mask: readonly SyncKind[]; readonly leaves: boolean })
  | (Caller & { readonly type: 'agent'; readonly kind: 'query' | 'modify'; readonly leaves: boolean })
  | { readonly type: 'die'; readonly domain: 0 | 1 }
  | { readonly type: 'boot'; readonly domain: 0 | 1 }
  | { readonly type: 'close'; readonly domain: 0 | 1 }
  | { readonly type: 'wait'; readonly ms: number };

export interface Scenario {
  readonly actors: readonly Actor[];
  /** Whose turn it is, step by step; afterwards first come, first served. */
  readonly picks: readonly number[];
  /** Which saves fail, over and over again. */
  readonly saveFails: readonly boolean[];
  readonly maxQueued: number;
}

const domain = fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const);
const rarely = fc.integer({ min: 0, max: 3 }).map((n) => n === 3);
const syncKind = fc.constantFrom<SyncKind>('query', 'modify', 'suspend', 'destroy', 'abort', 'migration-op');
const actor: fc.Arbitrary<Actor> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('sync' as const), domain, cancel: rarely, kind: syncKind, commands: fc.nat({ max: 2 }), leaves: rarely, again: rarely }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('async' as const),
      domain,
      cancel: rarely,
      kind: fc.constantFrom<AsyncKind>('save', 'migration-out', 'start', 'backup'),
      nests: fc.nat({ max: 3 }),
      together: rarely,
      mask: fc.subarray<SyncKind>(['query', 'suspend', 'modify', 'migration-op']),
      leaves: rarely,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('agent' as const), domain, cancel: rarely, kind: fc.constantFrom('query' as const, 'modify' as const), leaves: rarely }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('die' as const), domain }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('boot' as const, 'close' as const), domain }) as fc.Arbitrary<Actor> },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, 29_999, 30_000) }) },
);

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  actors: fc.array(actor, { minLength: 2, maxLength: 8 }),
  picks: fc.array(fc.nat({ max: 15 }), { minLength: 10, maxLength: 60 }),
  saveFails: fc.oneof({ weight: 2, arbitrary: fc.constant([false]) }, { weight: 1, arbitrary: fc.array(rarely, { minLength: 1, maxLength: 5 }) }),
  maxQueued: fc.constantFrom(0, 0, 2, 4),
});

/** Plays a scenario to its end. @throws Error `oracle: ...` with the history where a rule was broken. */
export async function simulate(engine: JobEngine, scenario: Scenario): Promise<void> {
  const simulation = new Simulation(engine, scenario);
  try {
    await simulation.run();
  } catch (error) {
    throw new Error(`${asVireoError(error).message}\nhistory: ${simulation.steps.history}`, { cause: error });
  }
}

class Simulation {
  readonly steps = new Steps();
  readonly #clock = new VirtualClock();
  readonly #scenario: Scenario;
  readonly #domains: readonly SimulatedDomain[];
  readonly #calls: Call[] = [];
  #saves = 0;

  constructor(engine: JobEngine, scenario: Scenario) {
    this.#scenario = scenario;
    const { maxQueued, saveFails } = scenario;
    const fails = (): boolean => saveFails[this.#saves++ % saveFails.length] ?? false;
    this.#domains = ['one', 'two'].map((name) => new SimulatedDomain({ engine, name, clock: this.#clock, steps: this.steps, maxQueued, saveFails: fails }));
  }

  async run(): Promise<void> {
    let running = this.#scenario.actors.length;
    const failures: unknown[] = [];
    for (const [index, each] of this.#scenario.actors.entries()) {
      void this.#act(each, index)
        .catch((error: unknown) => failures.push(error))
        .finally(() => (running -= 1));
    }
    const picks = this.#scenario.picks.values();
    for (;;) {
      await settled();
      if (failures.length > 0) throw failures[0];
      for (const each of this.#domains) each.check();
      if (running === 0 && this.steps.ready === 0) break;
      expectThat(this.steps.ready > 0, () => 'nobody can go on');
      this.steps.take(picks.next().value ?? 0);
    }
    for (const each of this.#domains) each.checkEnd();
    expectThat(this.#clock.sleeping === 0, () => `${this.#clock.sleeping} timers are left`);
    for (const call of this.#calls) {
      expectThat(getEventListeners(call.signal, 'abort').length === 0, () => `${call.owner} left a listener`);
      expectThat(call.holds.size === 0, () => `${call.owner} still counts as holding a job`);
    }
  }

  #domain(index: number): SimulatedDomain {
    const found = this.#domains[index];
    expectThat(found, () => 'there are two domains');
    return found;
  }

  async #act(each: Actor, index: number): Promise<void> {
    const owner = `${each.type}${index}`;
    await this.steps.next(owner);
    if (each.type === 'wait') return this.#clock.advance(each.ms);
    const on = this.#domain(each.domain);
    if (each.type === 'die') return on.live.die();
    if (each.type === 'boot') return void (on.isDead && on.boot());
    if (each.type === 'close') {
      on.closed = true;
      return on.jobs.close(new VireoError('NO_DOMAIN', 'no domain'));
    }
    await this.#ask(each, on, owner);
  }

  async #ask(each: Extract<Actor, { cancel: boolean }>, on: SimulatedDomain, owner: string): Promise<void> {
    const giveUp = new AbortController();
    const call = new Call({ owner, client: 'test', signal: giveUp.signal });
    this.#calls.push(call);
    if (each.cancel) void this.steps.next(`${owner} gives up`).then(() => giveUp.abort(new VireoError('OPERATION_ABORTED', 'cancelled')));
    if (each.type === 'sync') await this.#sync(each, on, call);
    else if (each.type === 'async') await this.#async(each, on, call);
    else await this.#agent(each, on, call);
  }

  async #sync(each: Extract<Actor, { type: 'sync' }>, on: SimulatedDomain, call: Call): Promise<void> {
    const job = await this.#begin(on, call, on.attempt('sync', each.kind, call.owner), () => on.jobs.begin(call, each.kind));
    await this.#hold(on, job, async (handle) => {
      await this.steps.next(`${call.owner} works`);
      if (each.again) {
        await this.#askAgain(on, call);
        // A job on another domain is no deadlock, as long as everybody takes them in one order.
        if (each.domain === 0) await this.#sync({ ...each, domain: 1, again: false }, this.#domain(1), call);
      }
      for (let n = 0; n < each.commands; n += 1) await handle.monitor().query('query-status');
      if (each.leaves) void handle.monitor().query('query-status').catch(() => {});
    });
  }

  async #async(each: Extract<Actor, { type: 'async' }>, on: SimulatedDomain, call: Call): Promise<void> {
    const job = await this.#begin(on, call, on.attempt('async', each.kind, call.owner), () => on.jobs.beginAsync(call, each.kind));
    await this.#hold(on, job, async (handle) => {
      await this.steps.next(`${call.owner} works`);
      on.mask = new Set(each.mask);
      handle.setMask(each.mask);
      await handle.setPhase('perform');
      expectThat(on.disk.async?.phase === 'perform', () => `${call.owner} acts on a phase that is not on disk`);
      await this.steps.next(`${call.owner} goes on`);
      const nests = Array.from({ length: each.nests }, () => () => this.#nest(on, call, handle));
      if (each.together) await Promise.all(nests.map((nest) => nest()));
      else for (const nest of nests) await nest();
      handle.requestAbort(new VireoError('OPERATION_ABORTED', 'asked to end'));
      if (each.leaves) void this.#nest(on, call, handle).catch(() => {});
      await this.steps.next(`${call.owner} still works`);
    });
  }

  async #agent(each: Extract<Actor, { type: 'agent' }>, on: SimulatedDomain, call: Call): Promise<void> {
    const job = await this.#begin(on, call, on.attempt('agent', each.kind, call.owner), () => on.jobs.beginAgent(call, each.kind));
    await this.#hold(on, job, async (handle) => {
      const work = (): Promise<void> => this.steps.next(`${call.owner} asks the agent`);
      await handle.whileAlive(work);
      if (each.leaves) void handle.whileAlive(work).catch(() => {});
    });
  }

  async #nest(on: SimulatedDomain, call: Call, job: AsyncJob): Promise<void> {
    const attempt = on.attempt('sync', 'nested', call.owner);
    try {
      const { alive } = await job.nest(async (monitor, nested: SyncJob<'nested'>) => {
        on.entered(attempt);
        await monitor.execute('cont');
        await nested.monitor().query('query-status');
        attempt.stage = 'ends';
      });
      expectThat(alive === !on.isDead || alive, () => `${call.owner} was not told that the domain is dead`);
    } catch (error) {
      this.#judge(on, call, attempt, error);
    } finally {
      on.attempts.delete(attempt);
    }
  }

  /** A call that holds a job, or waits for one, cannot get a second one: it is told at once. */
  async #askAgain(on: SimulatedDomain, call: Call): Promise<void> {
    const code = await on.jobs.begin(call, 'destroy').then(() => 'a second job', (error: unknown) => asVireoError(error).code);
    expectThat(code === 'INTERNAL_ERROR' || (code === 'OPERATION_ABORTED' && call.signal.aborted) || (code === 'NO_DOMAIN' && on.closed), () => `${call.owner} asked twice and got ${code}`);
  }

  async #begin<J>(on: SimulatedDomain, call: Call, attempt: Attempt, begin: () => Promise<J>): Promise<{ job: J; attempt: Attempt } | null> {
    const before = on.counted - 1;
    const limited = this.#scenario.maxQueued > 0 && !isExempt(attempt);
    try {
      const job = await begin();
      on.entered(attempt);
      return { job, attempt };
    } catch (error) {
      on.attempts.delete(attempt);
      if (asVireoError(error).code === 'OPERATION_FAILED') expectThat(limited && before >= this.#scenario.maxQueued, () => `${call.owner} was refused below the limit`);
      this.#judge(on, call, attempt, error);
      return null;
    }
  }

  async #hold<J extends AsyncDisposable>(on: SimulatedDomain, held: { job: J; attempt: Attempt } | null, body: (job: J) => Promise<void>): Promise<void> {
    if (!held) return;
    try {
      await body(held.job);
    } catch (error) {
      const { code } = asVireoError(error);
      const expected = (code === 'OPERATION_INVALID' && !on.closed) || code === 'SYSTEM_ERROR' || on.closed;
      if (!expected) throw error;
    } finally {
      held.attempt.stage = 'ends';
      await held.job[Symbol.asyncDispose]();
      on.attempts.delete(held.attempt);
    }
  }

  /** Every refusal must have its reason. */
  #judge(on: SimulatedDomain, call: Call, attempt: Attempt, thrown: unknown): void {
    const error = asVireoError(thrown);
    const nested = attempt.kind === 'nested';
    const reasons: Partial<Record<VireoError['code'], boolean>> = {
      OPERATION_TIMEOUT:
        this.#clock.now() - attempt.sinceMs >= waitMs &&
        /^Timed out during operation: cannot acquire state change lock \(held by (monitor|agent)=(sync|async|agent)\d+\)$/.test(error.message),
      OPERATION_FAILED: error.message.endsWith(' due to max_queued limit'),
      OPERATION_ABORTED: call.signal.aborted && !nested,
      OPERATION_INVALID: nested,
      INTERNAL_ERROR: nested && error.message.includes('after its job ended'),
      NO_DOMAIN: on.closed,
      SYSTEM_ERROR: mustBePersisted(attempt) && this.#scenario.saveFails.includes(true),
    };
    if (!reasons[error.code]) throw new Error(`oracle: ${call.owner} was refused ${attempt.kind} without reason: ${error.message}`);
  }
}
