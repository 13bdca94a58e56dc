/**
 * Who may touch a domain, and when. Three slots (synchronous, asynchronous, agent), a mask that the asynchronous job
 * sets, and one queue. docs/JOBS.md has the rules; the numbers in the comments here are theirs.
 */
import type { Clock } from '../base/clock.ts';
import { type ErrorDomain, VireoError, asVireoError, invariant } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Call } from './call.ts';
import type { DomainRun } from './domain-run.ts';
import { AgentJob, AsyncJob, type HandleGrant, SyncJob, engineKey } from './handles.ts';
import { type AgentKind, type AsyncKind, type SyncKind, initialMasks, isPersisted } from './kinds.ts';

/** A held slot as others see it. `sinceMs` is monotonic, `sinceWallMs` is for people. */
export interface Holder {
  readonly slot: 'sync' | 'async' | 'agent';
  readonly kind: SyncKind | AsyncKind | 'nested';
  readonly owner: string;
  readonly client: string;
  readonly sinceMs: number;
  readonly sinceWallMs: number;
}

/** What is written down of the jobs: the asynchronous one with its phase, and a destroy. */
export interface JobRecord {
  readonly async: { readonly kind: AsyncKind; readonly phase: string; readonly owner: string; readonly sinceWallMs: number } | null;
  readonly destroy: boolean;
}

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

interface AsyncState {
  readonly holder: Holder & { kind: AsyncKind };
  mask: ReadonlySet<SyncKind>;
  phase: string;
  /** Its end is being written: no record of another job may bring it back. */
  ending: boolean;
}

export const defaultJobWaitMs = 30_000;

export class DomainJobs {
  /** Fires after any slot changed hands; listeners read `status()`. */
  readonly changes = new Emitter<void>();
  readonly #options: DomainJobsOptions;
  readonly #waiters: Waiter[] = [];
  #sync: Holder | null = null;
  #async: AsyncState | null = null;
  #agent: Holder | null = null;
  #destroyEnding = false;
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
    const grant = await this.#acquire(call, { slot: 'async', kind });
    return new AsyncJob(engineKey, kind, {
      ...grant,
      setMask: (mask) => {
        invariant(this.#async, 'the asynchronous job is held');
        this.#async.mask = new Set([...mask, 'destroy']);
        this.#handOver();
      },
      setPhase: async (phase) => {
        invariant(this.#async, 'the asynchronous job is held');
        const before = this.#async.phase;
        this.#async.phase = phase;
        try {
          await this.#options.persist(this.record());
        } catch (error) {
          if (this.#async.phase === phase) this.#async.phase = before; // nobody acts on a phase that is not on disk
          throw error;
        }
      },
      nest: () => this.#acquire(call, { slot: 'sync', kind: 'nested' }),
    });
  }

  async beginAgent<K extends AgentKind>(call: Call, kind: K): Promise<AgentJob<K>> {
    return new AgentJob(engineKey, kind, await this.#acquire(call, { slot: 'agent', kind }));
  }

  status(): { readonly sync: Holder | null; readonly async: Holder | null; readonly agent: Holder | null; readonly waiting: number } {
    return { sync: this.#sync, async: this.#async?.holder ?? null, agent: this.#agent, waiting: this.#waiters.length };
  }

  record(): JobRecord {
    const job = this.#async?.ending === false ? this.#async : null;
    return {
      async: job ? { kind: job.holder.kind, phase: job.phase, owner: job.holder.owner, sinceWallMs: job.holder.sinceWallMs } : null,
      destroy: this.#sync?.kind === 'destroy' && !this.#destroyEnding,
    };
  }

  /** The domain is gone: who waits and who asks later gets `reason`; who holds a job ends it normally. */
  close(reason: VireoError): void {
    this.#closed ??= reason;
    for (const waiter of [...this.#waiters]) waiter.refuse(this.#closed);
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
    if (this.#closed) throw this.#closed;
    await this.#enter(call, want);
    try {
      if (want.slot !== 'agent' && isPersisted(want.kind)) await this.#options.persist(this.record());
    } catch (error) {
      await this.#end(want, call); // another job's record may have carried this one to the disk meanwhile
      throw error;
    }
    this.changes.fire();
    return { run: this.#options.run, end: () => this.#end(want, call) };
  }

  /** Takes the slot, now or when it is handed over; after an error nothing of the attempt is left. */
  async #enter(call: Call, want: Want): Promise<void> {
    const nested = want.kind === 'nested';
    const exempt = isExempt(want);
    if (!nested) {
      // Rule 10: who gave up begins nothing more, but a nested job must still reach QEMU to undo what was begun.
      if (call.signal.aborted) throw asVireoError(call.signal.reason);
      // Rule 9: the owner would wait for itself. It counts from here on, for who waits twice waits for itself too.
      invariant(!call.holds.has(this), `${call.owner} asks for a second job on a domain while it holds one`);
    }
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
        if (!done.signal.aborted) waiter.refuse(this.#refusal(want, 'OPERATION_TIMEOUT', ''));
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
      this.#async = { holder: { ...holder, kind: want.kind }, mask: new Set([...initialMasks[want.kind], 'destroy']), phase: 'none', ending: false };
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
    else if (want.slot === 'async') this.#async = null;
    else this.#sync = null;
    this.#forget(want, call);
    this.#handOver();
    this.changes.fire();
  }

  #refusal(want: Want, code: 'OPERATION_TIMEOUT' | 'OPERATION_FAILED', ending: string): VireoError {
    const status = this.status();
    // Who is in the way: past the mask it is the asynchronous job, though a query may run beside it at this moment.
    const monitor = want.slot === 'agent' ? null : this.#isBarred(want) ? status.async : (status.sync ?? status.async);
    const agent = want.slot === 'agent' ? status.agent : null;
    const names = [...(monitor ? [`monitor=${monitor.owner}`] : []), ...(agent ? [`agent=${agent.owner}`] : [])];
    const held = names.length > 0 ? ` (held by ${names.join(' ')})` : '';
    const now = this.#options.clock.now();
    const holders = [status.sync, status.async, status.agent]
      .filter((holder) => holder !== null)
      .map(({ slot, kind, owner, client, sinceMs, sinceWallMs }) => ({ slot, kind, owner, client, sinceWallMs, ageMs: Math.round(now - sinceMs) }));
    return new VireoError(code, `cannot acquire state change lock${held}${ending}`, {
      domain: this.#options.domain(),
      details: { wanted: want.kind, holders, waiting: status.waiting },
    });
  }
}

/** Jobs that the limit on waiters never refuses (libvirt 11.3: async, nested, destroy). */
function isExempt(want: Want): boolean {
  return want.slot === 'async' || want.kind === 'nested' || want.kind === 'destroy';
}
