/**
 * What must be true of a domain's jobs after every step of a simulation. The oracles keep their own books of who asked,
 * who runs and which mask was set, and compare them with what the engine says; they know nothing of how it works.
 */
import { VireoError } from '../../core/base/errors.ts';
import type { DomainJobs, DomainJobsOptions, Holder, JobRecord } from '../../core/job/domain-jobs.ts';
import { type AgentKind, type AsyncKind, type SyncKind, initialMasks, isPersisted } from '../../core/job/kinds.ts';
import { type FakeRun, fakeRun } from './fake-run.ts';
import type { Steps } from './steps.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The engine under test: the real one, or one with a planted defect. */
export type JobEngine = new (options: DomainJobsOptions) => DomainJobs;

export const waitMs = 30_000;

export type Slot = 'sync' | 'async' | 'agent';

/** One begin, from the request until its handle has ended. Owners are unique, so a holder tells its attempt. */
export interface Attempt {
  readonly slot: Slot;
  readonly kind: SyncKind | AsyncKind | AgentKind | 'nested';
  readonly owner: string;
  readonly order: number;
  readonly sinceMs: number;
  stage: 'waits' | 'runs' | 'ends';
}

export function expectThat(holds: unknown, what: () => string): asserts holds {
  if (!holds) throw new Error(`oracle: ${what()}`);
}

export function isExempt(attempt: Pick<Attempt, 'slot' | 'kind'>): boolean {
  return attempt.slot === 'async' || attempt.kind === 'nested' || attempt.kind === 'destroy';
}

export interface SimulatedDomainOptions {
  readonly engine: JobEngine;
  readonly name: string;
  readonly clock: VirtualClock;
  readonly steps: Steps;
  readonly maxQueued: number;
  /** Whether the next save fails. */
  saveFails(): boolean;
}

export class SimulatedDomain {
  readonly jobs: DomainJobs;
  readonly attempts = new Set<Attempt>();
  disk: JobRecord = { async: null, destroy: false };
  live: FakeRun;
  mask: ReadonlySet<SyncKind> | null = null;
  closed = false;
  readonly #options: SimulatedDomainOptions;
  #order = 0;
  #saving = 0;
  #lastSave: Promise<void> = Promise.resolve();
  #lastSaveFailed = false;
  #commands = new Map<object, Holder | null>();
  #before: { sync: Holder | null; async: Holder | null; agent: Holder | null } = { sync: null, async: null, agent: null };

  constructor(options: SimulatedDomainOptions) {
    this.#options = options;
    this.live = this.boot();
    this.jobs = new options.engine({
      clock: options.clock,
      domain: () => ({ name: options.name, uuid: options.name }),
      run: () => this.live.run,
      persist: (record) => this.#save(record),
      waitMs,
      maxQueued: options.maxQueued,
    });
  }

  /** A new QEMU; what was in flight in the one before is nobody's any more. */
  boot(): FakeRun {
    this.#commands = new Map();
    const commands = this.#commands;
    this.live = fakeRun(async (command) => {
      const id = {};
      commands.set(id, this.jobs.status().sync);
      await this.#options.steps.next(`${this.#options.name} answers ${command}`);
      commands.delete(id);
      return {};
    });
    return this.live;
  }

  get isDead(): boolean {
    return this.live.run.died.aborted;
  }

  attempt(slot: Slot, kind: Attempt['kind'], owner: string): Attempt {
    const attempt: Attempt = { slot, kind, owner, order: (this.#order += 1), sinceMs: this.#options.clock.now(), stage: 'waits' };
    this.attempts.add(attempt);
    return attempt;
  }

  get counted(): number {
    return [...this.attempts].filter((attempt) => !isExempt(attempt)).length;
  }

  /** The body begins: it is alone in its slot, and on disk where it must be. */
  entered(attempt: Attempt): void {
    const others = [...this.attempts].filter((other) => other.slot === attempt.slot && other.stage === 'runs');
    expectThat(others.length === 0, () => `${attempt.owner} entered the ${attempt.slot} slot beside ${others[0]?.owner}`);
    attempt.stage = 'runs';
    if (attempt.slot === 'async') {
      this.mask = new Set(initialMasks[attempt.kind as AsyncKind]);
      expectThat(this.disk.async?.owner === attempt.owner, () => `${attempt.owner} began before it was on disk`);
    }
    if (attempt.kind === 'destroy') expectThat(this.disk.destroy, () => `${attempt.owner} destroys before that is on disk`);
  }

  /** Run after every step, when nothing more happens by itself. */
  check(): void {
    const status = this.jobs.status();
    for (const slot of ['sync', 'async', 'agent'] as const) this.#checkHolder(slot, status[slot]);
    const now = this.#options.clock.now();
    for (const attempt of this.attempts) {
      if (attempt.stage !== 'waits' || this.#isGranted(attempt)) continue;
      expectThat(!this.#isAdmissible(attempt), () => `${attempt.owner} waits for ${attempt.kind} though it could run`);
      expectThat(now - attempt.sinceMs < waitMs, () => `${attempt.owner} waits past its deadline`);
      expectThat(!this.closed, () => `${attempt.owner} waits for a domain that is gone`);
    }
    this.#checkOrder();
    this.#checkCommands();
    this.#checkDisk();
    const { maxQueued } = this.#options;
    expectThat(maxQueued === 0 || this.counted <= maxQueued, () => `${this.counted} jobs past the limit of ${maxQueued}`);
    if (status.sync?.kind === 'nested') expectThat(status.async?.owner === status.sync.owner, () => `${status.sync?.owner} is nested in nothing`);
    this.#before = status;
  }

  /** Nobody is left: nothing of anybody may be. */
  checkEnd(): void {
    const { sync, async: asyncJob, agent, waiting } = this.jobs.status();
    const left = { sync, async: asyncJob, agent, waiting, attempts: this.attempts.size };
    const none = { sync: null, async: null, agent: null, waiting: 0, attempts: 0 };
    expectThat(JSON.stringify(left) === JSON.stringify(none), () => `left over at the end: ${JSON.stringify(left)}`);
  }

  #checkHolder(slot: Slot, holder: Holder | null): void {
    const inside = [...this.attempts].find((attempt) => attempt.slot === slot && attempt.stage === 'runs');
    expectThat(!inside || holder?.owner === inside.owner, () => `${inside?.owner} runs but ${holder?.owner ?? 'nobody'} holds the ${slot} slot`);
    const known = [...this.attempts].some((attempt) => attempt.slot === slot && attempt.owner === holder?.owner && attempt.kind === holder.kind);
    expectThat(!holder || known, () => `${holder?.owner} still holds the ${slot} slot`);
  }

  #isGranted(attempt: Attempt): boolean {
    const holder = this.jobs.status()[attempt.slot];
    return holder?.owner === attempt.owner && holder.kind === attempt.kind && holder.sinceMs >= attempt.sinceMs;
  }

  #isAdmissible(attempt: Attempt): boolean {
    const status = this.jobs.status();
    if (attempt.slot === 'agent') return status.agent === null;
    return status.sync === null && !this.#isBarred(attempt, status.async);
  }

  #isBarred(attempt: Attempt, holder: Holder | null): boolean {
    if (!holder) return false;
    if (attempt.slot === 'async') return true;
    if (attempt.kind === 'nested' || attempt.kind === 'destroy') return false;
    const runs = [...this.attempts].some((other) => other.slot === 'async' && other.stage !== 'waits');
    const mask = runs && this.mask ? this.mask : new Set(initialMasks[holder.kind as AsyncKind]);
    return !mask.has(attempt.kind as SyncKind);
  }

  /** Whoever was let in since the last step came first among those that could have been. */
  #checkOrder(): void {
    const status = this.jobs.status();
    for (const slot of ['sync', 'async', 'agent'] as const) {
      const holder = status[slot];
      if (!holder || holder === this.#before[slot]) continue;
      const winner = [...this.attempts].find((attempt) => attempt.slot === slot && attempt.owner === holder.owner && attempt.stage !== 'ends');
      if (!winner) continue;
      const asyncAtGrant = slot === 'async' ? null : status.async;
      if (slot === 'sync' && winner.kind !== 'nested' && winner.kind !== 'destroy') {
        expectThat(!this.#isBarred(winner, asyncAtGrant), () => `${winner.owner} was let in past the mask`);
      }
      for (const other of this.attempts) {
        if (other.stage !== 'waits' || this.#isGranted(other) || other.order > winner.order) continue;
        if ((other.slot === 'agent') !== (slot === 'agent')) continue;
        expectThat(this.#isBarred(other, asyncAtGrant), () => `${winner.owner} was let in before ${other.owner}`);
      }
    }
  }

  #checkCommands(): void {
    if (this.isDead) return;
    const holder = this.jobs.status().sync;
    for (const sender of this.#commands.values()) {
      expectThat(sender !== null && sender === holder, () => `a command of ${sender?.owner ?? 'nobody'} is in flight while ${holder?.owner ?? 'nobody'} holds the slot`);
    }
  }

  #checkDisk(): void {
    if (this.#saving > 0 || this.#lastSaveFailed) return;
    const status = this.jobs.status();
    const expected = { async: status.async?.owner ?? null, destroy: status.sync?.kind === 'destroy' };
    const found = { async: this.disk.async?.owner ?? null, destroy: this.disk.destroy };
    expectThat(JSON.stringify(found) === JSON.stringify(expected), () => `on disk is ${JSON.stringify(found)}, true is ${JSON.stringify(expected)}`);
  }

  /** Writes follow each other, as in the status store; each may take long and fail. */
  #save(record: JobRecord): Promise<void> {
    this.#saving += 1;
    const save = this.#lastSave.then(async () => {
      await this.#options.steps.next(`${this.#options.name} saves`);
      this.#saving -= 1;
      this.#lastSaveFailed = this.#options.saveFails();
      if (this.#lastSaveFailed) throw new VireoError('SYSTEM_ERROR', 'no space left on device');
      this.disk = record;
    });
    this.#lastSave = save.catch(() => {});
    return save;
  }
}

export function mustBePersisted(attempt: Attempt): boolean {
  return attempt.slot !== 'agent' && isPersisted(attempt.kind as SyncKind | AsyncKind | 'nested');
}
