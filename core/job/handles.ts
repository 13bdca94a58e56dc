/**
 * The rights that a job gives, as objects: a synchronous handle opens the monitor, an asynchronous one nests, an agent
 * one reaches the agent. They cannot be made elsewhere, each ends once, and ending never throws.
 */
import { VireoError, invariant } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import { abortable } from '../base/lifetime.ts';
import { type DomainRun, type HeldJob, type ReadMonitor, type WriteMonitor, openMonitor } from './domain-run.ts';
import type { AgentKind, AsyncKind, SyncKind } from './kinds.ts';

/** What the engine gives a handle; nobody else can make one. */
export interface HandleGrant {
  readonly run: () => DomainRun | null;
  /** Frees the slot; called once. It saves first where the kind is persisted, and never rejects. */
  readonly end: () => Promise<void>;
}

export interface AsyncGrant extends HandleGrant {
  readonly setMask: (mask: readonly SyncKind[]) => void;
  readonly setPhase: (phase: string) => Promise<void>;
  readonly nest: () => Promise<HandleGrant>;
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
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => void this.#idle.on(resolve));
    await this.#grant.end();
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

/** The one asynchronous job of a domain. It has no monitor of its own: it nests. */
export class AsyncJob<K extends AsyncKind = AsyncKind> extends JobHandle {
  declare readonly [kindBrand]: K;
  readonly kind: K;
  readonly #grant: AsyncGrant;
  readonly #abort = new AbortController();

  constructor(key: GrantKey, kind: K, grant: AsyncGrant) {
    super(key, grant);
    this.kind = kind;
    this.#grant = grant;
  }

  /** Aborts when somebody asked for the job's end; the body tells QEMU, and ends by itself. */
  get abortRequested(): AbortSignal {
    return this.#abort.signal;
  }

  /** A request, no more: it frees nothing. */
  requestAbort(reason: VireoError): void {
    this.#abort.abort(reason);
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

  /**
   * Enters the monitor in the name of this job: waits for the synchronous slot, runs `body`, and says whether the
   * domain is alive afterwards. Rejects with what `body` threw. It works after the call was cancelled too, for that is
   * when the body has something to tell QEMU; and the asynchronous job does not end before it.
   */
  async nest<T>(body: (monitor: WriteMonitor, job: SyncJob<'nested'>) => Promise<T>): Promise<Nested<T>> {
    this.assertHeld();
    return this.counted(async () => {
      const nested = new SyncJob(grantKey, 'nested', await this.#grant.nest());
      try {
        this.assertHeld(); // the body may have ended while this waited
        const value = await body(nested.monitor(), nested);
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
