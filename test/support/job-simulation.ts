/**
 * Many calls on two domains in one interleaving, on virtual time: synchronous, asynchronous, nested and agent jobs,
 * parked and adopted ones, requests to abort, cancelled calls, deaths of QEMU, saves that fail, deadlines, and drivers
 * that are killed. test/support/job-oracles.ts says what must hold.
 */
import { getEventListeners } from 'node:events';
import { VireoError, asVireoError } from '../../core/base/errors.ts';
import { Call } from '../../core/job/call.ts';
import type { AsyncJob, ParkTicket, SyncJob } from '../../core/job/handles.ts';
import { type AsyncKind, restoredMasks } from '../../core/job/kinds.ts';
import { type Attempt, type JobEngine, SimulatedDomain, type Surroundings, expectThat, isExempt, mustBePersisted, phaseName, waitMs } from './job-oracles.ts';
import { type AbortActor, type Actor, type AdoptActor, type AgentActor, type AsyncActor, type Life, type Scenario, type SyncActor, parkMs } from './job-scenarios.ts';
import { Steps } from './steps.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

/** Plays a scenario to its end. @throws Error `oracle: ...` with the history where a rule was broken. */
export async function simulate(engine: JobEngine, scenario: Scenario): Promise<void> {
  const history: string[] = [];
  let saves = 0;
  const { maxQueued, readsLate, saveFails } = scenario;
  const fails = (): boolean => saveFails[saves++ % saveFails.length] ?? false;
  let domains: readonly SimulatedDomain[] | null = null;
  let killed: Life | null = null;
  for (const [index, life] of scenario.lives.entries()) {
    const surroundings: Surroundings = { clock: new VirtualClock(), steps: new Steps() };
    const saveMayFail = saveFails.includes(true);
    domains ??= ['one', 'two'].map((name) => new SimulatedDomain({ engine, name, maxQueued, readsLate, saveMayFail, saveFails: fails }, surroundings));
    const isLast = index === scenario.lives.length - 1;
    const simulation = new DriverLife({ ...surroundings, domains, life, index, scenario, killedAfter: isLast ? Infinity : life.killedAfter });
    try {
      if (!(await simulation.play(killed))) return;
    } catch (error) {
      throw new Error(`${asVireoError(error).message}\nhistory: ${[...history, surroundings.steps.history].join(' | killed | ')}`, { cause: error });
    }
    history.push(surroundings.steps.history);
    killed = life;
  }
}

interface DriverLifeOptions extends Surroundings {
  readonly domains: readonly SimulatedDomain[];
  readonly life: Life;
  readonly index: number;
  readonly scenario: Scenario;
  readonly killedAfter: number;
}

interface Held<J> {
  readonly job: J;
  readonly attempt: Attempt;
}

class DriverLife {
  readonly #options: DriverLifeOptions;
  readonly #steps: Steps;
  readonly #clock: VirtualClock;
  readonly #calls: Call[] = [];
  readonly #failures: unknown[] = [];
  #running = 0;

  constructor(options: DriverLifeOptions) {
    this.#options = options;
    this.#steps = options.steps;
    this.#clock = options.clock;
  }

  /** Whether the driver was killed; `before` is the life that a kill ended. */
  async play(before: Life | null): Promise<boolean> {
    const { domains, life, killedAfter } = this.#options;
    if (before) for (const [index, on] of domains.entries()) this.#recover(on, index, before);
    for (const [index, each] of life.actors.entries()) this.#start(() => this.#act(each, index));
    const picks = life.picks.values();
    for (let taken = 0; ; taken += 1) {
      await settled();
      if (this.#failures.length > 0) throw this.#failures[0];
      for (const each of domains) each.check();
      if (taken === killedAfter) return true;
      if (this.#steps.ready > 0) this.#steps.take(picks.next().value ?? 0);
      else if (domains.some((each) => each.jobs.status().async?.parkedUntilWallMs)) this.#clock.advance(parkMs);
      else if (this.#running === 0) break;
      else expectThat(false, () => 'nobody can go on');
    }
    for (const each of domains) each.checkEnd();
    expectThat(this.#clock.sleeping === 0, () => `${this.#clock.sleeping} timers are left`);
    for (const call of this.#calls) {
      expectThat(getEventListeners(call.signal, 'abort').length === 0, () => `${call.owner} left a listener`);
      expectThat(call.holds.size === 0, () => `${call.owner} still counts as holding a job`);
    }
    return false;
  }

  #start(work: () => Promise<void>): void {
    this.#running += 1;
    void work()
      .catch((error: unknown) => this.#failures.push(error))
      .finally(() => (this.#running -= 1));
  }

  /** What the next driver does with what the one before left; nobody can come before it. */
  #recover(on: SimulatedDomain, index: number, before: Life): void {
    const { call, restored, attempt } = on.restart(this.#options, before.writeLands);
    this.#calls.push(call);
    const { job, parkedFor } = restored;
    if (job && attempt) {
      this.#start(() =>
        this.#hold(on, { job: job as AsyncJob, attempt }, async (handle) => {
          await this.#steps.next(`${call.owner} recovers`);
          on.mask = new Set([...restoredMasks[handle.kind], 'destroy']);
          handle.setMask(restoredMasks[handle.kind]);
          await this.#nest(on, call, handle, attempt);
          await this.#nextPhase(on, handle, attempt);
          if (parkedFor !== null && before.parksAgain) await this.#park(on, handle, attempt, `parked-again${index}`);
        }),
      );
    }
    if (restored.destroy) this.#start(() => this.#ask({ type: 'sync', domain: index === 0 ? 0 : 1, cancel: false, kind: 'destroy', commands: 0, leaves: false, again: false }, on, `destroyAgain${index}`));
  }

  #domain(index: number): SimulatedDomain {
    const found = this.#options.domains[index];
    expectThat(found, () => 'there are two domains');
    return found;
  }

  async #act(each: Actor, index: number): Promise<void> {
    const owner = `${each.type}${this.#options.index}-${index}`;
    await this.#steps.next(owner);
    if (each.type === 'wait') return this.#clock.advance(each.ms);
    const on = this.#domain(each.domain);
    if (each.type === 'die') return on.live.die();
    if (each.type === 'boot') return void (on.isDead && on.boot());
    if (each.type === 'close') {
      await this.#patience(owner, () => on.parkedAttempt !== null);
      on.closed = true;
      return on.jobs.close(new VireoError('NO_DOMAIN', 'no domain'));
    }
    await this.#ask(each, on, owner);
  }

  #call(owner: string, cancel = false): Call {
    const giveUp = new AbortController();
    const call = new Call({ owner, client: 'test', signal: giveUp.signal });
    this.#calls.push(call);
    if (cancel) void this.#steps.next(`${owner} gives up`).then(() => giveUp.abort(new VireoError('OPERATION_ABORTED', 'cancelled')));
    return call;
  }

  async #ask(each: Extract<Actor, { cancel: boolean }>, on: SimulatedDomain, owner: string): Promise<void> {
    const call = this.#call(owner, each.cancel);
    if (each.type === 'sync') await this.#sync(each, on, call);
    else if (each.type === 'async') await this.#async(each, on, call);
    else if (each.type === 'agent') await this.#agent(each, on, call);
    else if (each.type === 'abort') await this.#abort(each, on, call);
    else await this.#adoptByName(each, on, call);
  }

  async #sync(each: SyncActor, on: SimulatedDomain, call: Call): Promise<void> {
    const held = await this.#begin(on, call, on.attempt('sync', each.kind, call.owner), () => on.jobs.begin(call, each.kind));
    await this.#hold(on, held, async (handle) => {
      await this.#steps.next(`${call.owner} works`);
      if (each.again) {
        await this.#askAgain(on, call);
        // A job on another domain is no deadlock, as long as everybody takes them in one order.
        if (each.domain === 0) await this.#sync({ ...each, domain: 1, again: false }, this.#domain(1), call);
      }
      for (let n = 0; n < each.commands; n += 1) await handle.monitor().query('query-status');
      if (each.leaves) void handle.monitor().query('query-status').catch(() => {});
    });
  }

  async #async(each: AsyncActor, on: SimulatedDomain, call: Call): Promise<void> {
    const held = await this.#begin(on, call, on.attempt('async', each.kind, call.owner), () => on.jobs.beginAsync(call, each.kind));
    let ticket: ParkTicket | null = null;
    await this.#hold<AsyncJob>(on, held, async (handle, attempt) => {
      await this.#steps.next(`${call.owner} works`);
      on.mask = new Set([...each.mask, 'destroy']);
      handle.setMask(each.mask);
      await this.#nextPhase(on, handle, attempt);
      await this.#steps.next(`${call.owner} goes on`);
      const nests = Array.from({ length: each.nests }, () => () => this.#nest(on, call, handle, attempt));
      if (each.together) await Promise.all(nests.map((nest) => nest()));
      else for (const nest of nests) await nest();
      if (each.commits) {
        attempt.refusesAbort = true;
        handle.setAbortPolicy({ refused: 'cannot abort what is done' });
        await this.#nextPhase(on, handle, attempt);
      }
      if (each.leaves) void this.#nest(on, call, handle, attempt).catch(() => {});
      if (each.parks === 'no') return this.#steps.next(`${call.owner} still works`);
      ticket = await this.#park(on, handle, attempt, `parked-for-${call.owner}`);
    });
    if (ticket && held) await this.#comeBack(each, on, call, held.attempt, ticket);
  }

  /** The next phase of a parked job, or the end of the one who was to begin it. */
  async #comeBack(each: AsyncActor, on: SimulatedDomain, before: Call, attempt: Attempt, ticket: ParkTicket): Promise<void> {
    if (each.parks === 'stays away') return;
    await this.#steps.next(`${before.owner} comes back`);
    if (each.parks === 'leaves') return ticket.expire();
    const next = each.parks === 'returns twice' ? `parked-twice-for-${before.owner}` : null;
    const second = await this.#adopt(on, this.#call(`again-${before.owner}`), attempt, ticket, next);
    if (!second) return;
    await this.#adopt(on, this.#call(`again-late-${before.owner}`), null, ticket); // it was given back
    await this.#adopt(on, this.#call(`again-twice-${before.owner}`), attempt, second);
  }

  async #adoptByName(each: AdoptActor, on: SimulatedDomain, call: Call): Promise<void> {
    await this.#patience(call.owner, () => on.parkedAttempt !== null);
    const attempt = on.parkedAttempt;
    const kind = (attempt?.kind ?? 'migration-out') as AsyncKind;
    const owner = attempt?.stay?.owner ?? 'nobody';
    await this.#adopt(on, call, each.lies ? null : attempt, { kind, owner: each.lies ? 'nobody' : owner });
  }

  async #adopt(on: SimulatedDomain, call: Call, attempt: Attempt | null, which: ParkTicket | { kind: AsyncKind; owner: string }, parksFor: string | null = null): Promise<ParkTicket | null> {
    const stay = attempt?.stay ?? null;
    const isParked = stay !== null && on.isParkedFor(stay.owner);
    let job: AsyncJob;
    try {
      job = await on.jobs.adopt(call, which);
    } catch (error) {
      const { code } = asVireoError(error);
      const reasons: Partial<Record<typeof code, boolean>> = { OPERATION_INVALID: !isParked, NO_DOMAIN: on.closed, OPERATION_ABORTED: call.signal.aborted };
      expectThat(reasons[code], () => `${call.owner} could not adopt: ${asVireoError(error).message}`);
      return null;
    }
    expectThat(attempt && stay && isParked, () => `${call.owner} adopted what is not parked`);
    on.taken(attempt, stay, call.owner);
    let ticket: ParkTicket | null = null;
    await this.#hold(on, { job, attempt }, async (handle) => {
      await this.#nextPhase(on, handle, attempt);
      await this.#nest(on, call, handle, attempt);
      await this.#steps.next(`${call.owner} works`);
      if (parksFor !== null) ticket = await this.#park(on, handle, attempt, parksFor);
    });
    return ticket;
  }

  /** Gives what an actor is after some turns to come about, or most would come too early. */
  async #patience(owner: string, isThere: () => boolean): Promise<void> {
    for (let n = 0; n < 10 && !isThere(); n += 1) await this.#steps.next(`${owner} looks`);
  }

  async #park(on: SimulatedDomain, handle: AsyncJob, attempt: Attempt, owner: string): Promise<ParkTicket> {
    const stay = { owner, takenBy: null };
    attempt.stay = stay;
    attempt.stage = 'parking';
    attempt.owners.add(owner);
    const onExpired = async (job: AsyncJob, call: Call): Promise<void> => {
      try {
        on.taken(attempt, stay, call.owner);
        attempt.unattended = true;
        await this.#steps.next(`${owner} cleans up`);
        await this.#nest(on, call, job, attempt);
      } catch (error) {
        this.#failures.push(error);
      } finally {
        on.ends(attempt);
      }
      throw new Error('the engine must survive this');
    };
    try {
      const ticket = await handle.park({ owner, deadlineMs: parkMs, onExpired });
      if (attempt.stay === stay) {
        attempt.stage = 'parked';
        attempt.owner = owner;
      }
      return ticket;
    } catch (error) {
      if (attempt.stay === stay) {
        attempt.stay = null;
        attempt.stage = 'runs';
      }
      throw error;
    }
  }

  /** Rule 6: nobody acts on a phase that is not on disk. */
  async #nextPhase(on: SimulatedDomain, handle: AsyncJob, attempt: Attempt): Promise<void> {
    attempt.phaseTried += 1;
    await handle.setPhase(phaseName(attempt.phaseTried));
    expectThat(on.disk.async?.phase === phaseName(attempt.phaseTried), () => `${attempt.owner} acts on a phase that is not on disk`);
    attempt.phase = attempt.phaseTried;
  }

  async #abort(_: AbortActor, on: SimulatedDomain, call: Call): Promise<void> {
    await this.#patience(call.owner, () => on.asyncAttempt !== null);
    const target = on.asyncAttempt;
    const wasRefused = target?.refusesAbort === true;
    const waits = target && !wasRefused && !on.isBarred({ slot: 'sync', kind: 'abort' }, on.jobs.status().async);
    const attempt = waits ? on.attempt('sync', 'abort', call.owner) : null;
    const before = on.counted - 1;
    if (target) target.abortsAsking += 1;
    try {
      await on.jobs.abort(call);
      expectThat(target && !wasRefused, () => `${call.owner} was told that nothing or what refuses will end`);
      target.abortSeen ||= on.asyncAttempt === target && on.jobs.status().async?.abortRequested === true;
      expectThat(target.abortSeen, () => `${call.owner} was told that ${target.owner} will end, which it was not asked`);
      target.abortAsked = true;
    } catch (thrown) {
      const error = asVireoError(thrown);
      if (error.message.includes('oracle: ')) throw error;
      if (error.message.endsWith('no job is active on the domain')) expectThat(!target || on.asyncAttempt !== target || target.stage === 'ends' || target.stage === 'waits', () => `${call.owner} did not find ${target?.owner}`);
      else if (error.message.includes('cannot abort')) expectThat(target?.refusesAbort, () => `${call.owner} was refused by ${target?.owner}, who allows it`);
      else if (error.code === 'OPERATION_FAILED') expectThat(before >= this.#options.scenario.maxQueued, () => `${call.owner} was refused below the limit`);
      else this.#judge(on, call, attempt ?? { slot: 'sync', kind: 'abort', sinceMs: this.#clock.now() }, error);
    } finally {
      if (target) target.abortsAsking -= 1;
      if (attempt) on.attempts.delete(attempt);
    }
  }

  async #agent(each: AgentActor, on: SimulatedDomain, call: Call): Promise<void> {
    const held = await this.#begin(on, call, on.attempt('agent', each.kind, call.owner), () => on.jobs.beginAgent(call, each.kind));
    await this.#hold(on, held, async (handle) => {
      const work = (): Promise<void> => this.#steps.next(`${call.owner} asks the agent`);
      await handle.whileAlive(work);
      if (each.leaves) void handle.whileAlive(work).catch(() => {});
    });
  }

  async #nest(on: SimulatedDomain, call: Call, job: AsyncJob, within: Attempt): Promise<void> {
    const attempt = on.attempt('sync', 'nested', call.owner);
    try {
      const { alive } = await job.nest(async (monitor, nested: SyncJob<'nested'>) => {
        on.entered(attempt);
        try {
          if (attempt.order % 4 === 0) await this.#nestAgain(job);
          await monitor.execute('cont');
          await nested.monitor().query('query-status');
        } finally {
          attempt.stage = 'ends'; // before the engine lets the next one in
        }
      });
      expectThat(alive === !on.isDead || alive, () => `${within.owner} was not told that the domain is dead`);
    } catch (error) {
      this.#judge(on, call, attempt, error);
    } finally {
      on.attempts.delete(attempt);
    }
  }

  /** A nested body that waits for its own job would wait for itself: it is told at once. */
  async #nestAgain(job: AsyncJob): Promise<void> {
    const said = await job.nest(async () => {}).then(() => 'nothing', (error: unknown) => asVireoError(error).message);
    expectThat(/would wait for itself|after its job ended/.test(said), () => `a nest within a nested body said ${said}`);
  }

  /** A call that holds a job, or waits for one, cannot get a second one: it is told at once. */
  async #askAgain(on: SimulatedDomain, call: Call): Promise<void> {
    const code = await on.jobs.begin(call, 'destroy').then(() => 'a second job', (error: unknown) => asVireoError(error).code);
    expectThat(code === 'INTERNAL_ERROR' || (code === 'OPERATION_ABORTED' && call.signal.aborted) || (code === 'NO_DOMAIN' && on.closed), () => `${call.owner} asked twice and got ${code}`);
  }

  async #begin<J>(on: SimulatedDomain, call: Call, attempt: Attempt, begin: () => Promise<J>): Promise<Held<J> | null> {
    const before = on.counted - 1;
    const { maxQueued } = this.#options.scenario;
    const limited = maxQueued > 0 && !isExempt(attempt);
    try {
      const job = await begin();
      on.entered(attempt);
      return { job, attempt };
    } catch (error) {
      on.attempts.delete(attempt);
      if (asVireoError(error).code === 'OPERATION_FAILED') expectThat(limited && before >= maxQueued, () => `${call.owner} was refused below the limit`);
      this.#judge(on, call, attempt, error);
      return null;
    }
  }

  /** Runs `body`, and ends the job unless `body` left it parked: then it is somebody else's. */
  async #hold<J extends AsyncDisposable>(on: SimulatedDomain, held: Held<J> | null, body: (job: J, attempt: Attempt) => Promise<void>): Promise<void> {
    if (!held) return;
    const { job, attempt } = held;
    const { owner } = attempt;
    let isMine = true;
    try {
      await body(job, attempt);
      isMine = attempt.stay === null && attempt.owner === owner && !attempt.unattended;
    } catch (error) {
      const { code } = asVireoError(error);
      const expected = (code === 'OPERATION_INVALID' && !on.closed) || code === 'SYSTEM_ERROR' || on.closed;
      if (!expected) throw error;
    } finally {
      if (isMine) on.ends(attempt);
      await job[Symbol.asyncDispose]();
      if (isMine) on.attempts.delete(attempt);
    }
  }

  /** Every refusal must have its reason. */
  #judge(on: SimulatedDomain, call: Call, attempt: Pick<Attempt, 'slot' | 'kind' | 'sinceMs'>, thrown: unknown): void {
    const error = asVireoError(thrown);
    if (error.message.includes('oracle: ')) throw error;
    const nested = attempt.kind === 'nested';
    const reasons: Partial<Record<VireoError['code'], boolean>> = {
      OPERATION_TIMEOUT:
        this.#clock.now() - attempt.sinceMs >= waitMs &&
        /^Timed out during operation: cannot acquire state change lock \(held by (monitor|agent)=(sync|async|agent|parked|again|adopt|abort|restored|destroyAgain|processReconnect)[\w-]*\)$/.test(error.message),
      OPERATION_FAILED: error.message.endsWith(' due to max_queued limit'),
      OPERATION_ABORTED: call.signal.aborted && !nested,
      OPERATION_INVALID: nested,
      INTERNAL_ERROR: nested && error.message.includes('after its job ended'),
      NO_DOMAIN: on.closed,
      SYSTEM_ERROR: mustBePersisted(attempt) && attempt.kind !== 'destroy' && this.#options.scenario.saveFails.includes(true),
    };
    if (!reasons[error.code]) throw new Error(`oracle: ${call.owner} was refused ${attempt.kind} without reason: ${error.message}`);
  }
}
