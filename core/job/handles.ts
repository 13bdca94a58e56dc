/**
 * The rights that a job gives, as objects: a synchronous handle opens the monitor, an asynchronous one nests, an agent
 * one reaches the agent. They cannot be made elsewhere, each ends once, and ending never throws.
 */
import { VireoError, invariant } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { abortable } from '../base/lifetime.ts';
import type { AsyncState } from './async-state.ts';
import type { Call } from './call.ts';
import { type DomainRun, type HeldJob, type ReadMonitor, type WriteMonitor, openMonitor } from './domain-run.ts';
import type { JobReport } from './job-statistics.ts';
import type { AbortPolicy, AgentKind, AsyncKind, SyncKind } from './kinds.ts';
import { insideBodyOf, isInsideBodyOf } from './nested-bodies.ts';

/** What the engine gives a handle; nobody else can make one. */
export interface HandleGrant {
  readonly run: () => DomainRun | null;
  /** Frees the slot; called once. It saves first where the kind is persisted, and never rejects. */
  readonly end: () => Promise<void>;
}

export interface AsyncGrant<K extends AsyncKind> extends HandleGrant {
  /** The job itself, which outlives this handle if it is parked. */
  readonly state: AsyncState;
  readonly setMask: (mask: readonly SyncKind[]) => void;
  readonly setPhase: (phase: string) => Promise<void>;
  readonly nest: () => Promise<HandleGrant>;
  /** Tells those who watch that a request to abort or a report came in. */
  readonly changed: (what: 'abort' | 'progress') => void;
  /** @throws NO_DOMAIN once the domain is gone; asked before the handle is given up. */
  readonly assertOpen: () => void;
  readonly park: (options: ParkOptions<K>) => Promise<ParkTicket<K>>;
}

/** For whom a job is parked, for how long, and what cleans up if nobody comes. */
export interface ParkOptions<K extends AsyncKind = AsyncKind> {
  /** Who may adopt the job, e.g. the connection that migrates; it stands in refusals and in `jobs.status()`. */
  readonly owner: string;
  readonly deadlineMs: number;
  /**
   * Runs once if nobody adopted the job in time, its owner left, or the domain went away. The job ends when it settles,
   * so every wait in it needs a deadline. `call` belongs to it and holds the job.
   */
  readonly onExpired: (job: AsyncJob<K>, call: Call) => Promise<void>;
}

const grantKey: unique symbol = Symbol('granted by the job engine');
export type GrantKey = typeof grantKey;
/** For the engine alone (core/job/domain-jobs.ts). */
export const engineKey: GrantKey = grantKey;

/** What all handles share: they know what is in flight under them, and their end waits for it. */
abstract class JobHandle implements AsyncDisposable, HeldJob {
  readonly #grant: HandleGrant;
  readonly #idle = new Emitter<void>();
  #inFlight = 0;
  #ending: Promise<void> | null = null;

  constructor(key: GrantKey, grant: HandleGrant) {
    invariant(key === grantKey, 'job handles come from the job engine');
    this.#grant = grant;
  }

  /** The current run, or an error: a domain may have died while the job waited. Ask again after every await. */
  protected liveRun(): DomainRun {
    this.assertHeld();
    const run = this.#grant.run();
    if (!run || run.died.aborted) throw new VireoError('OPERATION_INVALID', 'domain is not running');
    return run;
  }

  get alive(): boolean {
    const run = this.#grant.run();
    return run !== null && !run.died.aborted;
  }

  assertHeld(): void {
    invariant(this.#ending === null, 'a job handle was used after its job ended');
  }

  /** Counts `work` as in flight, so that the slot is not free before it has settled (rule 4). */
  protected async counted<T>(work: () => Promise<T>): Promise<T> {
    this.commandBegins();
    try {
      return await work();
    } finally {
      this.commandEnds();
    }
  }

  commandBegins(): void {
    this.#inFlight += 1;
  }

  commandEnds(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#idle.fire();
  }

  /** Waits for the commands in flight (each has its own deadline), then frees the slot. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.endWith(() => this.#grant.end());
  }

  /** The handle is of no use from now on; `last` runs once, when nothing is in flight under it any more. */
  protected endWith(last: () => Promise<void>): Promise<void> {
    this.#ending ??= this.#settle().then(last);
    return this.#ending;
  }

  async #settle(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => void this.#idle.on(resolve));
  }
}

declare const kindBrand: unique symbol;

export type WriteKind = Exclude<SyncKind, 'query'> | 'nested';

/** The one synchronous job of a domain. `query` reads; every other kind may command QEMU. */
export class SyncJob<K extends SyncKind | 'nested' = SyncKind | 'nested'> extends JobHandle {
  declare readonly [kindBrand]: K;
  readonly kind: K;

  constructor(key: GrantKey, kind: K, grant: HandleGrant) {
    super(key, grant);
    this.kind = kind;
  }

  /** @throws OPERATION_INVALID `domain is not running`. */
  monitor(): K extends WriteKind ? WriteMonitor : ReadMonitor;
  monitor(): WriteMonitor {
    return openMonitor(this.liveRun(), this);
  }
}

/** What a nested job found out: its value, and whether QEMU is still there. */
export interface Nested<T> {
  readonly value: T;
  readonly alive: boolean;
}

/** A parked job's number in the cloakroom: who has it may adopt the job, once. */
export class ParkTicket<K extends AsyncKind = AsyncKind> {
  declare readonly [kindBrand]: `parked-${K}`;
  readonly kind: K;
  readonly owner: string;
  readonly #expire: (ticket: object) => void;

  constructor(key: GrantKey, kind: K, owner: string, expire: (ticket: object) => void) {
    invariant(key === grantKey, 'tickets come from the job engine');
    this.kind = kind;
    this.owner = owner;
    this.#expire = expire;
  }

  /** Its owner will not come, e.g. the connection closed: `onExpired` runs now. Too late it does nothing. */
  expire(): void {
    this.#expire(this);
  }
}

/** The one asynchronous job of a domain. It has no monitor of its own: it nests. */
export class AsyncJob<K extends AsyncKind = AsyncKind> extends JobHandle {
  declare readonly [kindBrand]: K;
  readonly kind: K;
  readonly #grant: AsyncGrant<K>;

  constructor(key: GrantKey, kind: K, grant: AsyncGrant<K>) {
    super(key, grant);
    this.kind = kind;
    this.#grant = grant;
  }

  /** How far the job is, as it stands on disk. */
  get phase(): string {
    return this.#grant.state.phase;
  }

  /** Aborts when somebody asked for the job's end, before or after it was parked; the body tells QEMU, and ends by itself. */
  get abortRequested(): AbortSignal {
    return this.#grant.state.abortRequested;
  }

  /** A request by the driver itself, no more: it frees nothing. Users ask through `jobs.abort`, which may refuse. */
  requestAbort(reason: VireoError): void {
    this.assertHeld();
    this.#grant.state.requestAbort(reason);
    this.#grant.changed('abort');
  }

  /** From now on requests to abort are taken, or refused with these words; what was asked before stays asked. */
  setAbortPolicy(policy: AbortPolicy): void {
    this.assertHeld();
    this.#grant.state.abortPolicy = policy;
  }

  /** Replaces what may run beside this job, and wakes who waited for it. */
  setMask(mask: readonly SyncKind[]): void {
    this.assertHeld();
    this.#grant.setMask(mask);
  }

  /** Writes the phase down before it is acted upon, so that a restart knows how far the job was. */
  async setPhase(phase: string): Promise<void> {
    this.assertHeld();
    await this.counted(() => this.#grant.setPhase(phase));
  }

  /** Says how far the job is: what is given replaces what was known. */
  report(report: JobReport): void {
    this.assertHeld();
    this.#grant.state.report(report);
    this.#grant.changed('progress');
  }

  /**
   * Says how the job ended, for those who read its statistics later; it holds the slot until it is disposed. A job that
   * reported something and never says how it ended counts as failed, or as cancelled after a request to abort.
   */
  conclude(error: VireoError | null = null): void {
    this.assertHeld();
    this.#grant.state.conclude(error);
    this.#grant.changed('progress');
  }

  /**
   * Leaves the job to its next phase: it stays, excludes and can be aborted, but nobody works under it until
   * `jobs.adopt`. This handle ends with it, and disposing it later does nothing. Nothing may be left in flight that
   * needs the job; what is, is waited for. A park that cannot be saved is logged: the phase on disk is what counts.
   * @throws NO_DOMAIN when the domain is gone; the job is still held then.
   */
  async park(options: ParkOptions<K>): Promise<ParkTicket<K>> {
    this.assertHeld();
    this.#grant.assertOpen();
    let ticket: ParkTicket<K> | null = null;
    await this.endWith(async () => {
      ticket = await this.#grant.park(options);
    });
    invariant(ticket, 'a handle that is given up once is parked once');
    return ticket;
  }

  /**
   * Enters the monitor in the name of this job: waits for the synchronous slot, runs `body`, and says whether the
   * domain is alive afterwards. Rejects with what `body` threw. It works after the call was cancelled too, for that is
   * when the body has something to tell QEMU; and the asynchronous job does not end before it.
   */
  async nest<T>(body: (monitor: WriteMonitor, job: SyncJob<'nested'>) => Promise<T>): Promise<Nested<T>> {
    this.assertHeld();
    invariant(!isInsideBodyOf(this), 'a nested body asks for another nested job of its own job, and would wait for itself');
    return this.counted(async () => {
      const nested = new SyncJob(grantKey, 'nested', await this.#grant.nest());
      try {
        this.assertHeld(); // the body may have ended while this waited
        const value = await insideBodyOf(this, () => body(nested.monitor(), nested));
        return { value, alive: nested.alive };
      } finally {
        await nested[Symbol.asyncDispose]();
      }
    });
  }
}

/** The one agent job of a domain, independent of the others. The agent connection is reached through it. */
export class AgentJob<K extends AgentKind = AgentKind> extends JobHandle {
  declare readonly [kindBrand]: `agent-${K}`;
  readonly kind: K;

  constructor(key: GrantKey, kind: K, grant: HandleGrant) {
    super(key, grant);
    this.kind = kind;
  }

  /** Runs `work` while the job is held; it ends early when the domain dies. */
  async whileAlive<T>(work: () => Promise<T>): Promise<T> {
    const { died } = this.liveRun();
    return this.counted(() => abortable(work(), died));
  }
}
