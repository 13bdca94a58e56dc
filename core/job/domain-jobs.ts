/**
 * Who may touch a domain, and when. Three slots (synchronous, asynchronous, agent), a mask that the asynchronous job
 * sets, and one queue. docs/JOBS.md has the rules; the numbers in the comments here are theirs.
 */
import type { Clock } from '../base/clock.ts';
import { type ErrorDomain, VireoError, asVireoError, invariant } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { AsyncState, type Holder, cancelled } from './async-state.ts';
import { Call } from './call.ts';
import type { DomainRun } from './domain-run.ts';
import { AgentJob, AsyncJob, type HandleGrant, type ParkOptions, ParkTicket, SyncJob, engineKey } from './handles.ts';
import type { JobStatistics } from './job-statistics.ts';
import type { JobRecord, JobsStatus, ParkedJob, RestoredJobs } from './job-status.ts';
import { type AgentKind, type AsyncKind, type SyncKind, isPersisted } from './kinds.ts';
import { lockRefusal, noActiveJob, notParked } from './refusals.ts';

export type { AsyncHolder, Holder } from './async-state.ts';
export type { JobRecord, JobsStatus, ParkedJob, RestoredJobs } from './job-status.ts';

export interface DomainJobsOptions {
  readonly clock: Clock;
  readonly domain: () => ErrorDomain;
  /** The domain's current QEMU, looked up anew each time. */
  readonly run: () => DomainRun | null;
  /**
   * Writes the record durably; a domain that has no state file yet resolves at once. Calls may overlap: the writer keeps
   * their order, or reads `record()` when it writes, so that what stands on disk last is what was true last.
   */
  readonly persist: (record: JobRecord) => Promise<void>;
  readonly waitMs?: number;
  /** Most synchronous and agent jobs that wait or run at a time, not counting those it never refuses; 0 is no limit. */
  readonly maxQueued?: number;
}

type Want =
  | { readonly slot: 'sync'; readonly kind: SyncKind | 'nested' }
  | { readonly slot: 'async'; readonly kind: AsyncKind }
  | { readonly slot: 'agent'; readonly kind: AgentKind };

interface Waiter {
  readonly want: Want;
  readonly call: Call;
  grant(): void;
  refuse(error: VireoError): void;
}

export const defaultJobWaitMs = 30_000;

export class DomainJobs {
  /** Fires after any slot changed hands; listeners read `status()`. */
  readonly changes = new Emitter<void>();
  /** Fires when the asynchronous job reported; listeners read `statistics()`. */
  readonly progress = new Emitter<void>();
  readonly #options: DomainJobsOptions;
  readonly #waiters: Waiter[] = [];
  #sync: Holder | null = null;
  #async: AsyncState | null = null;
  #agent: Holder | null = null;
  #destroyEnding = false;
  /** A destroy of the driver before this one: no record may forget it before another has done its work. */
  #destroyRestored = false;
  #completed: JobStatistics | null = null;
  #queued = 0;
  #closed: VireoError | null = null;

  constructor(options: DomainJobsOptions) {
    this.#options = options;
  }

  /** Waits for the right to a synchronous job. @throws OPERATION_TIMEOUT, OPERATION_FAILED, NO_DOMAIN. */
  async begin<K extends SyncKind>(call: Call, kind: K): Promise<SyncJob<K>> {
    return new SyncJob(engineKey, kind, await this.#acquire(call, { slot: 'sync', kind }));
  }

  /** Waits for the right to the asynchronous job; it is on disk before this resolves. */
  async beginAsync<K extends AsyncKind>(call: Call, kind: K): Promise<AsyncJob<K>> {
    await this.#acquire(call, { slot: 'async', kind });
    invariant(this.#async, 'the asynchronous job is held');
    return this.#asyncHandle(call, kind, this.#async);
  }

  async beginAgent<K extends AgentKind>(call: Call, kind: K): Promise<AgentJob<K>> {
    return new AgentJob(engineKey, kind, await this.#acquire(call, { slot: 'agent', kind }));
  }

  /**
   * Takes over a job that was parked, with its ticket or by kind and owner; the caller holds it from here on.
   * @throws OPERATION_INVALID when no such job is parked (any more), NO_DOMAIN.
   */
  async adopt<K extends AsyncKind>(call: Call, parked: ParkTicket<K> | ParkedJob<K>): Promise<AsyncJob<K>> {
    this.#assertMayAsk(call);
    const state = this.#async;
    const found = state?.parking;
    const matches = found && (parked instanceof ParkTicket ? parked === found.ticket : parked.kind === state.kind && parked.owner === found.owner);
    if (!matches) throw notParked(this.#options.domain(), parked);
    return this.#takeOver(call, parked.kind, state);
  }

  /**
   * Asks the asynchronous job to end, and resolves once the request is on the job and on disk; the job ends later, by
   * itself. Where its mask admits `abort` the request waits its turn as such a job; where not it is remembered at once.
   * @throws OPERATION_INVALID `no job is active on the domain`, or the words that the job's owner set; OPERATION_TIMEOUT.
   */
  async abort(call: Call): Promise<void> {
    this.#assertMayAsk(call);
    const state = this.#abortable();
    if (!state.mask.has('abort')) return this.#requestAbort(call, state);
    await using _ = await this.begin(call, 'abort');
    if (this.#async !== state) throw noActiveJob(this.#options.domain()); // the wait may have been long: this is another job
    this.#abortable();
    await this.#requestAbort(call, state);
  }

  /**
   * Takes over what a state file says was under way, before anybody else can begin: call it first, in the same step
   * in which the domain becomes known. Nothing runs beside the job (but destroy) until the recoverer sets a mask.
   */
  restore(call: Call, record: JobRecord): RestoredJobs {
    const isUntouched = !this.#sync && !this.#async && !this.#agent && this.#waiters.length === 0 && !this.#closed;
    invariant(isUntouched, 'jobs are restored before anybody begins one');
    this.#destroyRestored = record.destroy;
    if (!record.async) return { job: null, parkedFor: null, destroy: record.destroy };
    this.#async = AsyncState.restored(record.async, call, this.#options.clock);
    call.holds.add(this);
    this.changes.fire();
    const job = this.#asyncHandle(call, record.async.kind, this.#async) as RestoredJobs['job'];
    return { job, parkedFor: record.async.parkedFor, destroy: record.destroy };
  }

  status(): JobsStatus {
    return { sync: this.#sync, async: this.#async?.holder() ?? null, agent: this.#agent, waiting: this.#waiters.length };
  }

  /** Whether the asynchronous job, which may take hours, keeps such a job from beginning: what only asks does without the monitor then. */
  bars(kind: SyncKind): boolean {
    return this.#isBarred({ slot: 'sync', kind });
  }

  /** How far the asynchronous job is, and how the last one ended that reported anything. */
  statistics(): { readonly current: JobStatistics | null; readonly completed: JobStatistics | null } {
    return { current: this.#async?.statistics() ?? null, completed: this.#completed };
  }

  record(): JobRecord {
    return {
      async: this.#async?.ending === false ? this.#async.record() : null,
      destroy: this.#destroyRestored || (this.#sync?.kind === 'destroy' && !this.#destroyEnding),
    };
  }

  /** The domain is gone: who waits and who asks later gets `reason`; who holds a job ends it normally, a parked one expires. */
  close(reason: VireoError): void {
    this.#closed ??= reason;
    for (const waiter of [...this.#waiters]) waiter.refuse(this.#closed);
    this.#async?.parking?.expire();
  }

  #asyncHandle<K extends AsyncKind>(call: Call, kind: K, state: AsyncState): AsyncJob<K> {
    return new AsyncJob(engineKey, kind, {
      run: this.#options.run,
      end: () => this.#end({ slot: 'async', kind }, call),
      state,
      setMask: (mask) => {
        state.setMask(mask);
        this.#handOver();
      },
      setPhase: (phase) => this.#setPhase(state, phase),
      nest: () => this.#acquire(call, { slot: 'sync', kind: 'nested' }),
      changed: (what) => (what === 'abort' ? this.changes : this.progress).fire(),
      assertOpen: () => {
        if (this.#closed) throw this.#closed;
      },
      park: (options) => this.#park(call, kind, state, options),
    });
  }

  async #setPhase(state: AsyncState, phase: string): Promise<void> {
    const before = state.phase;
    state.phase = phase;
    try {
      await this.#options.persist(this.record());
    } catch (error) {
      if (state.phase === phase) state.phase = before; // nobody acts on a phase that is not on disk
      throw error;
    }
  }

  /** Rule 11. The stay begins in one step, so that adopter, deadline and close find either a holder or a parked job. */
  async #park<K extends AsyncKind>(call: Call, kind: K, state: AsyncState, { owner, deadlineMs, onExpired }: ParkOptions<K>): Promise<ParkTicket<K>> {
    const { clock } = this.#options;
    const left = new AbortController();
    const expire = (): void => {
      if (!left.signal.aborted) void this.#expire(kind, state, onExpired, new Call({ owner, client: 'driver', log: call.log }));
    };
    const ticket = new ParkTicket(engineKey, kind, owner, expire);
    state.park({ owner, untilWallMs: clock.wallTime() + deadlineMs, left, ticket, expire });
    call.holds.delete(this);
    this.changes.fire();
    void clock.sleep(deadlineMs, left.signal).then(expire);
    if (this.#closed) expire();
    await this.#saveOrLog(call, 'a parked job could not be saved');
    return ticket;
  }

  #takeOver<K extends AsyncKind>(call: Call, kind: K, state: AsyncState): AsyncJob<K> {
    state.adopt(call);
    call.holds.add(this);
    this.changes.fire();
    return this.#asyncHandle(call, kind, state);
  }

  /** Nobody came: the job ends after its owner's cleaning up, whatever that throws. */
  async #expire<K extends AsyncKind>(kind: K, state: AsyncState, onExpired: ParkOptions<K>['onExpired'], call: Call): Promise<void> {
    const job = this.#takeOver(call, kind, state);
    try {
      await onExpired(job, call);
    } catch (error) {
      call.log.write('error', 'cleaning up after a parked job failed', { owner: call.owner, error: asVireoError(error).message });
    } finally {
      await job[Symbol.asyncDispose]();
    }
  }

  /** The job that may be asked to end now. */
  #abortable(): AsyncState {
    const state = this.#async;
    if (!state || state.ending) throw noActiveJob(this.#options.domain());
    if (state.abortPolicy !== 'allowed') throw new VireoError('OPERATION_INVALID', state.abortPolicy.refused, { domain: this.#options.domain() });
    return state;
  }

  /** A request is heard even if it cannot be saved: a full disk is a reason to abort. */
  async #requestAbort(call: Call, state: AsyncState): Promise<void> {
    state.requestAbort(cancelled(state.kind));
    this.changes.fire();
    await this.#saveOrLog(call, 'a request to abort could not be saved');
  }

  async #saveOrLog(call: Call, what: string): Promise<void> {
    try {
      await this.#options.persist(this.record());
    } catch (error) {
      call.log.write('error', what, { error: asVireoError(error).message });
    }
  }

  /** What every request must fulfil, whether it waits or not. */
  #assertMayAsk(call: Call): void {
    if (this.#closed) throw this.#closed;
    // Rule 10: who gave up begins nothing more.
    if (call.signal.aborted) throw asVireoError(call.signal.reason);
    // Rule 9: the owner would wait for itself. It counts from the request on, for who waits twice waits for itself too.
    invariant(!call.holds.has(this), `${call.owner} asks for a second job on a domain while it holds one`);
  }

  #admits(want: Want): boolean {
    if (want.slot === 'agent') return this.#agent === null;
    return this.#sync === null && !this.#isBarred(want);
  }

  /** Rules 1 and 2: whether the asynchronous job is in the way, whoever holds the synchronous slot. */
  #isBarred(want: Want): boolean {
    if (this.#async === null || want.slot === 'agent') return false;
    if (want.slot === 'async') return true;
    return want.kind !== 'nested' && want.kind !== 'destroy' && !this.#async.mask.has(want.kind);
  }

  async #acquire(call: Call, want: Want): Promise<HandleGrant> {
    if (want.kind !== 'nested') this.#assertMayAsk(call);
    else if (this.#closed) throw this.#closed; // a cancelled call still nests, to undo what it began
    await this.#enter(call, want);
    try {
      if (want.slot !== 'agent' && isPersisted(want.kind)) await this.#options.persist(this.record());
    } catch (error) {
      // A full disk must not keep anybody from ending a guest: a restart then sees QEMU dead, and nothing is lost.
      if (want.kind !== 'destroy') {
        await this.#end(want, call); // another job's record may have carried this one to the disk meanwhile
        throw error;
      }
      call.log.write('error', 'the begin of a destroy could not be saved', { error: asVireoError(error).message });
    }
    this.changes.fire();
    return {
      run: this.#options.run,
      end: () => {
        if (want.kind === 'destroy') this.#destroyRestored = false;
        return this.#end(want, call);
      },
    };
  }

  /** Takes the slot, now or when it is handed over; after an error nothing of the attempt is left. */
  async #enter(call: Call, want: Want): Promise<void> {
    const nested = want.kind === 'nested';
    const exempt = isExempt(want);
    const limit = this.#options.maxQueued ?? 0;
    if (limit > 0 && !exempt && this.#queued >= limit) throw this.#refusal(want, 'OPERATION_FAILED', ' due to max_queued limit');
    if (!exempt) this.#queued += 1;
    if (!nested) call.holds.add(this);
    try {
      if (this.#admits(want)) this.#take(want, call);
      else await this.#wait(want, call);
    } catch (error) {
      this.#forget(want, call);
      throw error;
    }
  }

  #forget(want: Want, call: Call): void {
    if (!isExempt(want)) this.#queued -= 1;
    if (want.kind !== 'nested') call.holds.delete(this);
  }

  /** Rule 5: one deadline a begin. Rule 7: whoever frees a slot hands it over, so nobody polls. */
  #wait(want: Want, call: Call): Promise<void> {
    const { clock, waitMs = defaultJobWaitMs } = this.#options;
    const giveUp = want.kind === 'nested' ? null : call.signal; // rule 10, as in #enter
    return new Promise((resolve, reject) => {
      const done = new AbortController();
      const leave = (): void => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        giveUp?.removeEventListener('abort', onAbort);
        done.abort();
        this.changes.fire();
      };
      const waiter: Waiter = {
        want,
        call,
        grant: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = (): void => waiter.refuse(asVireoError(call.signal.reason));
      giveUp?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      this.changes.fire();
      void clock.sleep(waitMs, done.signal).then(() => {
        if (!done.signal.aborted) waiter.refuse(this.#refusal(want, 'OPERATION_TIMEOUT'));
      });
    });
  }

  #take(want: Want, call: Call): void {
    const { clock } = this.#options;
    const holder: Holder = { slot: want.slot, kind: want.kind, owner: call.owner, client: call.client, sinceMs: clock.now(), sinceWallMs: clock.wallTime() };
    if (want.slot === 'agent') {
      invariant(this.#agent === null, 'one agent job at a time');
      this.#agent = holder;
    } else if (want.slot === 'async') {
      invariant(this.#async === null, 'one asynchronous job at a time');
      this.#async = new AsyncState(want.kind, call, clock);
    } else {
      invariant(this.#sync === null, 'one synchronous job at a time');
      this.#sync = holder;
      this.#destroyEnding = false;
    }
  }

  /** First come, first served among those that are admitted now; a masked waiter blocks nobody. */
  #handOver(): void {
    for (let index = 0; index < this.#waiters.length; ) {
      const waiter = this.#waiters[index];
      invariant(waiter, 'the queue has no holes');
      if (!this.#admits(waiter.want)) {
        index += 1;
        continue;
      }
      this.#take(waiter.want, waiter.call);
      waiter.grant(); // removes it from the queue
      index = 0; // a granted job may change what the mask admits
    }
  }

  /** Rule 6: on disk before others see the end, and freed even if saving fails. */
  async #end(want: Want, call: Call): Promise<void> {
    if (want.slot === 'async' && this.#async) this.#async.ending = true;
    if (want.kind === 'destroy') this.#destroyEnding = true;
    try {
      if (want.slot !== 'agent' && isPersisted(want.kind)) await this.#options.persist(this.record());
    } catch (error) {
      call.log.write('error', 'the end of a job could not be saved', { error: asVireoError(error).message });
    } finally {
      this.#release(want, call);
    }
  }

  #release(want: Want, call: Call): void {
    if (want.slot === 'agent') this.#agent = null;
    else if (want.slot === 'async') {
      this.#completed = this.#async?.lastStatistics() ?? this.#completed;
      this.#async = null;
    }
    else this.#sync = null;
    this.#forget(want, call);
    this.#handOver();
    this.changes.fire();
  }

  #refusal(want: Want, code: 'OPERATION_TIMEOUT' | 'OPERATION_FAILED', ending = ''): VireoError {
    const status = this.status();
    // Who is in the way: past the mask it is the asynchronous job, though a query may run beside it at this moment.
    const monitor = want.slot === 'agent' ? null : this.#isBarred(want) ? status.async : (status.sync ?? status.async);
    const blocking = { monitor, agent: want.slot === 'agent' ? status.agent : null };
    return lockRefusal({ code, ending, wanted: want.kind, status, blocking, domain: this.#options.domain(), nowMs: this.#options.clock.now() });
  }
}

/** Jobs that the limit on waiters never refuses (libvirt 11.3: async, nested, destroy). */
function isExempt(want: Want): boolean {
  return want.slot === 'async' || want.kind === 'nested' || want.kind === 'destroy';
}
