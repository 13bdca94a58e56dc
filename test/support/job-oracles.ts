/**
 * What must be true of a domain's jobs after every step of a simulation. The oracles keep their own books of who asked,
 * who runs, what is parked and which mask was set, and compare them with what the engine says and with what is on disk;
 * they know nothing of how it works. The books outlive a driver that is killed, for what others saw does too.
 */
import { VireoError } from '../../core/base/errors.ts';
import { Call } from '../../core/job/call.ts';
import type { DomainJobs, DomainJobsOptions, Holder, JobRecord, JobsStatus, RestoredJobs } from '../../core/job/domain-jobs.ts';
import { type AgentKind, type AsyncKind, type SyncKind, initialMasks, isPersisted } from '../../core/job/kinds.ts';
import { type FakeRun, fakeRun } from './fake-run.ts';
import type { Steps } from './steps.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The engine under test: the real one, or one with a planted defect. */
export type JobEngine = new (options: DomainJobsOptions) => DomainJobs;

export const waitMs = 30_000;

export type Slot = 'sync' | 'async' | 'agent';

/** One begin, from the request until its last handle has ended. Owners are unique, so a holder tells its attempt. */
export interface Attempt {
  readonly slot: Slot;
  readonly kind: SyncKind | AsyncKind | AgentKind | 'nested';
  owner: string;
  readonly order: number;
  readonly sinceMs: number;
  /** `parking` while the handle is given up: the engine may have parked the job already, or not yet. */
  stage: 'waits' | 'runs' | 'parking' | 'parked' | 'ends';
  /** All that may stand on disk as the owner: who began it and who adopted it. */
  readonly owners: Set<string>;
  /** The phase that the body acts on, and the last one that it tried to write. */
  phase: number;
  phaseTried: number;
  stay: Stay | null;
  /** The engine ends it, not an actor: it is off the books as soon as the slot is free. */
  unattended: boolean;
  refusesAbort: boolean;
  /** Somebody asked for its end and was told that the request is on it; and how many were not told yet. */
  abortAsked: boolean;
  abortsAsking: number;
  /** The engine showed it as asked to end. */
  abortSeen: boolean;
  seen: boolean;
}

/** One time in the cloakroom; exactly one comes for it. */
export interface Stay {
  readonly owner: string;
  takenBy: string | null;
}

export function expectThat(holds: unknown, what: () => string): asserts holds {
  if (!holds) throw new Error(`oracle: ${what()}`);
}

export function isExempt(attempt: Pick<Attempt, 'slot' | 'kind'>): boolean {
  return attempt.slot === 'async' || attempt.kind === 'nested' || attempt.kind === 'destroy';
}

/** What one driver's life gives a domain. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly steps: Steps;
}

export interface SimulatedDomainOptions {
  readonly engine: JobEngine;
  readonly name: string;
  readonly maxQueued: number;
  readonly readsLate: boolean;
  readonly saveMayFail: boolean;
  /** Whether the next save fails. */
  saveFails(): boolean;
}

export class SimulatedDomain {
  jobs: DomainJobs;
  attempts = new Set<Attempt>();
  disk: JobRecord = { async: null, destroy: false };
  live: FakeRun;
  mask: ReadonlySet<SyncKind> | null = null;
  closed = false;
  readonly #options: SimulatedDomainOptions;
  #life: Surroundings;
  #order = 0;
  #saving = 0;
  /** The write that a kill may leave done or not. */
  #writing: (() => JobRecord) | null = null;
  #lastSave: Promise<void> = Promise.resolve();
  #lastSaveFailed = false;
  /** A destroy that an earlier driver began and none has done yet. */
  #destroyOwed = false;
  #commands = new Map<object, Holder | null>();

  constructor(options: SimulatedDomainOptions, life: Surroundings) {
    this.#options = options;
    this.#life = life;
    this.live = this.boot();
    this.jobs = this.#open();
  }

  #open(): DomainJobs {
    const { engine, name, maxQueued } = this.#options;
    return new engine({ clock: this.#life.clock, domain: () => ({ name, uuid: name }), run: () => this.live.run, persist: (record) => this.#save(record), waitMs, maxQueued });
  }

  /** The driver is killed and another one starts: the disk and QEMU are what they were, everything else is new. */
  restart(life: Surroundings, writeLands: boolean): { readonly call: Call; readonly restored: RestoredJobs; readonly attempt: Attempt | null } {
    if (writeLands && this.#writing) {
      this.disk = this.#writing();
      this.#lastSaveFailed = false;
    }
    this.#checkKilled();
    this.#life = life;
    this.attempts = new Set();
    this.mask = null;
    this.#saving = 0;
    this.#writing = null;
    this.#lastSave = Promise.resolve();
    const wasDead = this.isDead;
    this.boot();
    if (wasDead) this.live.die();
    this.jobs = this.#open();
    this.closed = false;
    return this.#restore();
  }

  #restore(): { call: Call; restored: RestoredJobs; attempt: Attempt | null } {
    const { disk } = this;
    const call = new Call({ owner: 'processReconnect', client: 'driver' });
    const restored = this.jobs.restore(call, disk);
    this.#destroyOwed = disk.destroy;
    expectThat(JSON.stringify(this.jobs.record()) === JSON.stringify(disk), () => `found ${JSON.stringify(disk)}, restored ${JSON.stringify(this.jobs.record())}`);
    expectThat((restored.job === null) === (disk.async === null) && restored.destroy === disk.destroy, () => 'the recoverer was not told what was under way');
    if (!disk.async) return { call, restored, attempt: null };
    expectThat(restored.job?.phase === disk.async.phase && restored.job.kind === disk.async.kind, () => 'the recoverer got another job than was on disk');
    expectThat(restored.job.abortRequested.aborted === disk.async.abortRequested, () => 'a request to abort was lost on the way');
    const attempt = this.attempt('async', disk.async.kind, 'restored');
    attempt.owners.add(disk.async.owner).add(call.owner); // the record's, and that of its nested jobs
    attempt.stage = 'runs';
    attempt.seen = true;
    attempt.phase = phaseNumber(disk.async.phase);
    attempt.phaseTried = attempt.phase;
    attempt.abortAsked = disk.async.abortRequested;
    this.mask = new Set();
    return { call, restored, attempt };
  }

  /** A new QEMU; what was in flight in the one before is nobody's any more. */
  boot(): FakeRun {
    this.#commands = new Map();
    const commands = this.#commands;
    this.live = fakeRun(async (command) => {
      const id = {};
      commands.set(id, this.jobs.status().sync);
      await this.#life.steps.next(`${this.#options.name} answers ${command}`);
      commands.delete(id);
      return {};
    });
    return this.live;
  }

  get isDead(): boolean {
    return this.live.run.died.aborted;
  }

  attempt(slot: Slot, kind: Attempt['kind'], owner: string): Attempt {
    const attempt: Attempt = {
      slot,
      kind,
      owner,
      order: (this.#order += 1),
      sinceMs: this.#life.clock.now(),
      stage: 'waits',
      owners: new Set([owner]),
      phase: 0,
      phaseTried: 0,
      stay: null,
      unattended: false,
      refusesAbort: slot === 'async' && (kind === 'start' || kind === 'migration-in'),
      abortAsked: false,
      abortsAsking: 0,
      abortSeen: false,
      seen: false,
    };
    this.attempts.add(attempt);
    return attempt;
  }

  get counted(): number {
    return [...this.attempts].filter((attempt) => !isExempt(attempt)).length;
  }

  /** The attempt that holds the asynchronous slot, at work or parked. */
  get asyncAttempt(): Attempt | null {
    const holder = this.jobs.status().async;
    return (holder && [...this.attempts].find((attempt) => attempt.slot === 'async' && attempt.owners.has(holder.owner))) ?? null;
  }

  /** The attempt that is parked, or is about to be. */
  get parkedAttempt(): Attempt | null {
    return [...this.attempts].find(({ stay }) => stay !== null) ?? null;
  }

  /** Whether a job is parked now for this stay's owner, by what the engine shows. */
  isParkedFor(owner: string): boolean {
    const holder = this.jobs.status().async;
    return holder?.owner === owner && holder.parkedUntilWallMs !== null;
  }

  /** The body begins: it is alone in its slot, and on disk where it must be. */
  entered(attempt: Attempt): void {
    const others = [...this.attempts].filter((other) => other.slot === attempt.slot && other !== attempt && (other.stage === 'runs' || other.stage === 'parked'));
    expectThat(others.length === 0, () => `${attempt.owner} entered the ${attempt.slot} slot beside ${others[0]?.owner}`);
    attempt.stage = 'runs';
    if (attempt.slot === 'async') {
      this.mask = new Set(initialMasks[attempt.kind as AsyncKind]);
      expectThat(this.disk.async?.owner === attempt.owner, () => `${attempt.owner} began before it was on disk`);
    }
    // A destroy goes on where it cannot be saved: nobody may be kept from ending a guest.
    if (attempt.kind === 'destroy') expectThat(this.disk.destroy || this.#lastSaveFailed, () => `${attempt.owner} destroys before that is on disk`);
  }

  /** Somebody came for a parked job: nobody came before, and nobody else will. */
  taken(attempt: Attempt, stay: Stay, by: string): void {
    expectThat(stay.takenBy === null, () => `${by} took what ${stay.takenBy} had taken`);
    expectThat(attempt.stay === stay, () => `${by} took a job that is not parked`);
    stay.takenBy = by;
    attempt.stay = null;
    attempt.stage = 'runs';
    attempt.owner = by;
    attempt.owners.add(by);
  }

  ends(attempt: Attempt): void {
    if (attempt.kind === 'destroy' && attempt.stage === 'runs') this.#destroyOwed = false;
    attempt.stage = 'ends';
  }

  /** Run after every step, when nothing more happens by itself. */
  check(): void {
    const status = this.jobs.status();
    for (const attempt of this.attempts) {
      if (attempt.unattended && attempt.stage === 'ends' && !(status.async && attempt.owners.has(status.async.owner))) this.attempts.delete(attempt);
    }
    for (const slot of ['sync', 'async', 'agent'] as const) this.#checkHolder(slot, status[slot]);
    const now = this.#life.clock.now();
    for (const attempt of this.attempts) {
      if (attempt.stage !== 'waits' || this.#isGranted(attempt)) continue;
      expectThat(!this.#isAdmissible(attempt), () => `${attempt.owner} waits for ${attempt.kind} though it could run`);
      expectThat(now - attempt.sinceMs < waitMs, () => `${attempt.owner} waits past its deadline`);
      expectThat(!this.closed, () => `${attempt.owner} waits for a domain that is gone`);
    }
    this.#checkOrder(status);
    this.#checkCommands();
    this.#checkAsync(status);
    this.#checkDisk(status);
    const { maxQueued } = this.#options;
    expectThat(maxQueued === 0 || this.counted <= maxQueued, () => `${this.counted} jobs past the limit of ${maxQueued}`);
  }

  /** Nobody is left: nothing of anybody may be. */
  checkEnd(): void {
    const { sync, async: asyncJob, agent, waiting } = this.jobs.status();
    const left = { sync, async: asyncJob, agent, waiting, attempts: this.attempts.size };
    const none = { sync: null, async: null, agent: null, waiting: 0, attempts: 0 };
    expectThat(JSON.stringify(left) === JSON.stringify(none), () => `left over at the end: ${JSON.stringify(left)}`);
  }

  /** The driver was killed at this moment: what others saw begin is on disk, and what they saw end is not. */
  #checkKilled(): void {
    const held = [...this.attempts].find((attempt) => attempt.slot === 'async' && attempt.stage !== 'waits' && attempt.stage !== 'ends');
    const found = this.disk.async;
    if (held) {
      expectThat(found && held.owners.has(found.owner), () => `${held.owner} was under way, on disk is ${JSON.stringify(found)}`);
      this.#checkPhase(held);
      const isForgotten = held.abortAsked && !found.abortRequested && !this.#options.saveMayFail;
      expectThat(!isForgotten, () => `a request to abort ${held.owner} did not survive the driver`);
    } else if (![...this.attempts].some((attempt) => attempt.slot === 'async')) {
      expectThat(!found || this.#lastSaveFailed, () => `${found?.owner} had ended, but is still on disk`);
    }
    const destroys = [...this.attempts].filter((attempt) => attempt.kind === 'destroy');
    const isUnderWay = this.#destroyOwed || destroys.some((attempt) => attempt.stage === 'runs');
    expectThat(!isUnderWay || this.disk.destroy || this.#lastSaveFailed, () => 'a destroy was under way, and is not on disk');
    expectThat(isUnderWay || destroys.length > 0 || !this.disk.destroy || this.#lastSaveFailed, () => 'a destroy had ended, but is still on disk');
  }

  #checkPhase(attempt: Attempt): void {
    const found = phaseNumber(this.disk.async?.phase ?? '');
    expectThat(found >= attempt.phase && found <= attempt.phaseTried, () => `${attempt.owner} acts on phase ${attempt.phase}, on disk is ${found}`);
  }

  #checkHolder(slot: Slot, holder: Holder | null): void {
    const inside = [...this.attempts].find((attempt) => attempt.slot === slot && attempt.stage !== 'waits' && attempt.stage !== 'ends');
    const isTheirs = (attempt: Attempt): boolean => attempt.owner === holder?.owner || (attempt.stage === 'parking' && attempt.owners.has(holder?.owner ?? ''));
    expectThat(!inside || isTheirs(inside), () => `${inside?.owner} runs but ${holder?.owner ?? 'nobody'} holds the ${slot} slot`);
    const known = [...this.attempts].some((attempt) => attempt.slot === slot && attempt.owners.has(holder?.owner ?? '') && attempt.kind === holder?.kind);
    expectThat(!holder || known, () => `${holder?.owner} still holds the ${slot} slot`);
  }

  #isGranted(attempt: Attempt): boolean {
    const holder = this.jobs.status()[attempt.slot];
    return holder?.owner === attempt.owner && holder.kind === attempt.kind && holder.sinceMs >= attempt.sinceMs;
  }

  #isAdmissible(attempt: Attempt): boolean {
    const status = this.jobs.status();
    if (attempt.slot === 'agent') return status.agent === null;
    return status.sync === null && !this.isBarred(attempt, status.async);
  }

  isBarred(attempt: Pick<Attempt, 'slot' | 'kind'>, holder: Holder | null): boolean {
    if (!holder) return false;
    if (attempt.slot === 'async') return true;
    if (attempt.kind === 'nested' || attempt.kind === 'destroy') return false;
    const runs = [...this.attempts].some((other) => other.slot === 'async' && other.stage !== 'waits');
    const mask = runs && this.mask ? this.mask : new Set(initialMasks[holder.kind as AsyncKind]);
    return !mask.has(attempt.kind as SyncKind);
  }

  /** Whoever was let in since the last step came first among those that could have been. */
  #checkOrder(status: JobsStatus): void {
    for (const slot of ['sync', 'async', 'agent'] as const) {
      const holder = status[slot];
      const winner = holder && [...this.attempts].find((attempt) => attempt.slot === slot && attempt.owner === holder.owner && attempt.stage !== 'ends');
      if (!winner || winner.seen || (winner.stage === 'waits' && !this.#isGranted(winner))) continue;
      winner.seen = true;
      const asyncAtGrant = slot === 'async' ? null : status.async;
      if (slot === 'sync' && winner.kind !== 'nested' && winner.kind !== 'destroy') {
        expectThat(!this.isBarred(winner, asyncAtGrant), () => `${winner.owner} was let in past the mask`);
      }
      for (const other of this.attempts) {
        if (other.stage !== 'waits' || this.#isGranted(other) || other.order > winner.order) continue;
        if ((other.slot === 'agent') !== (slot === 'agent')) continue;
        expectThat(this.isBarred(other, asyncAtGrant), () => `${winner.owner} was let in before ${other.owner}`);
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

  #checkAsync({ sync, async: asyncJob }: JobsStatus): void {
    const attempt = this.asyncAttempt;
    if (sync?.kind === 'nested') expectThat(attempt?.owners.has(sync.owner), () => `${sync.owner} is nested in nothing`);
    if (!asyncJob || !attempt) return;
    const { parkedUntilWallMs, abortRequested } = asyncJob;
    attempt.abortSeen ||= abortRequested;
    if (attempt.stage !== 'parking') expectThat((parkedUntilWallMs !== null) === (attempt.stage === 'parked'), () => `${attempt.owner} ${attempt.stage}, but is shown as ${parkedUntilWallMs === null ? 'held' : 'parked'}`);
    if (parkedUntilWallMs !== null) {
      expectThat(sync?.kind !== 'nested', () => `${asyncJob.owner} is parked over the nested job of ${sync?.owner}`);
      expectThat(this.#life.clock.wallTime() < parkedUntilWallMs, () => `${asyncJob.owner} is parked past its deadline`);
      expectThat(!this.closed, () => `${asyncJob.owner} is parked on a domain that is gone`);
    }
    expectThat(!abortRequested || attempt.abortAsked || attempt.abortsAsking > 0, () => `${attempt.owner} is to abort, but nobody asked`);
    expectThat(abortRequested || !attempt.abortAsked, () => `a request to abort ${attempt.owner} was forgotten`);
  }

  #checkDisk(status: JobsStatus): void {
    if (this.#saving > 0 || this.#lastSaveFailed) return;
    const attempt = this.asyncAttempt;
    const found = this.disk.async;
    const isAsync = found === null ? status.async === null : attempt?.owners.has(found.owner) === true && attempt.kind === found.kind;
    const isDestroy = this.disk.destroy === (this.#destroyOwed || status.sync?.kind === 'destroy');
    expectThat(isAsync && isDestroy, () => `on disk is ${JSON.stringify(this.disk)}, true is ${JSON.stringify({ async: status.async?.owner ?? null, destroy: status.sync?.kind === 'destroy' })}`);
    if (attempt && found) this.#checkPhase(attempt);
    if (attempt?.stage === 'parked') expectThat(found?.parkedFor === attempt.owner, () => `${attempt.owner} is parked, but not on disk`);
  }

  /** Writes follow each other, as in the status store; each may take long and fail. */
  #save(given: JobRecord): Promise<void> {
    const life = this.#life;
    const { jobs } = this;
    this.#saving += 1;
    const save = this.#lastSave.then(async () => {
      const record = (): JobRecord => (this.#options.readsLate ? jobs.record() : given);
      this.#writing = record;
      await life.steps.next(`${this.#options.name} saves`);
      this.#writing = null;
      this.#saving -= 1;
      this.#lastSaveFailed = this.#options.saveFails();
      if (this.#lastSaveFailed) throw new VireoError('SYSTEM_ERROR', 'no space left on device');
      this.disk = record();
    });
    this.#lastSave = save.catch(() => {});
    return save;
  }
}

export function phaseName(number: number): string {
  return number === 0 ? 'none' : `perform${number}`;
}

function phaseNumber(name: string): number {
  return name === 'none' ? 0 : Number(name.slice('perform'.length));
}

export function mustBePersisted(attempt: Pick<Attempt, 'slot' | 'kind'>): boolean {
  return attempt.slot !== 'agent' && isPersisted(attempt.kind as SyncKind | AsyncKind | 'nested');
}
