/**
 * The asynchronous job of a domain as the engine keeps it. It outlives the handles that its owners get one after the
 * other: what a request to abort, a report or a parked hour did to the job must not be lost with one of them.
 */
import type { Clock } from '../base/clock.ts';
import { VireoError, invariant } from '../base/errors.ts';
import type { Call } from './call.ts';
import { type JobOutcome, type JobReport, type JobStatistics, initialStatistics, outcomeOf, statisticsAt, withReport } from './job-statistics.ts';
import { type AbortPolicy, type AsyncKind, type SyncKind, initialAbortPolicies, initialMasks } from './kinds.ts';

/** A held slot as others see it. `sinceMs` is monotonic, `sinceWallMs` is for people. */
export interface Holder {
  readonly slot: 'sync' | 'async' | 'agent';
  readonly kind: SyncKind | AsyncKind | 'nested';
  readonly owner: string;
  readonly client: string;
  readonly sinceMs: number;
  readonly sinceWallMs: number;
}

/** The asynchronous job as others see it; `sinceMs` is its begin, whoever holds it now. */
export interface AsyncHolder extends Holder {
  readonly slot: 'async';
  readonly kind: AsyncKind;
  readonly phase: string;
  /** It waits for its next phase: `owner` is whom it waits for, until then at the latest. */
  readonly parkedUntilWallMs: number | null;
  readonly abortRequested: boolean;
}

/** The asynchronous job as it is written down. */
export interface AsyncRecord {
  readonly kind: AsyncKind;
  readonly phase: string;
  /** The API that moved the job last. */
  readonly owner: string;
  readonly sinceWallMs: number;
  /** The owner that it was parked for, null while an API holds it. */
  readonly parkedFor: string | null;
  readonly abortRequested: boolean;
}

/** The owner of a job that a restarted driver found on disk. */
export const restoredOwner = 'restored';

/** A stay without an owner at work. Whoever takes the job first, adopter, deadline or close, ends it. */
export interface Parking {
  readonly owner: string;
  readonly untilWallMs: number;
  /** Aborts when the stay ended; its deadline sleeps until then. */
  readonly left: AbortController;
  /** What the adopter must show; compared by identity. */
  readonly ticket: object;
  /** Takes the job back for its own cleaning up. */
  expire(): void;
}

export class AsyncState {
  readonly kind: AsyncKind;
  mask: ReadonlySet<SyncKind>;
  phase = 'none';
  /** Its end is being written: no record of another job may bring it back. */
  ending = false;
  abortPolicy: AbortPolicy;
  parking: Parking | null = null;
  readonly #clock: Clock;
  readonly #sinceMs: number;
  readonly #sinceWallMs: number;
  readonly #abort = new AbortController();
  #owner: string;
  #client: string;
  /** What the record says of the owner; a restored job keeps the name of the API that began it. */
  #recordedOwner: string;
  /** Whom a restored job was parked for: on disk until somebody parks or adopts it, in case this driver dies too. */
  #restoredFor: string | null = null;
  #statistics: JobStatistics;
  #reported = false;
  #outcome: JobOutcome | null = null;
  #outcomeMs: number | null = null;

  /** @param sinceWallMs when it began, for a job of an earlier driver. */
  constructor(kind: AsyncKind, call: Call, clock: Clock, sinceWallMs: number = clock.wallTime()) {
    this.kind = kind;
    this.#clock = clock;
    this.mask = admitting(initialMasks[kind]);
    this.abortPolicy = initialAbortPolicies[kind];
    this.#owner = call.owner;
    this.#client = call.client;
    this.#recordedOwner = call.owner;
    // The wall clock is all that survives a restart; one that was set back must not make the job younger than nothing.
    this.#sinceMs = clock.now() - Math.max(0, clock.wallTime() - sinceWallMs);
    this.#sinceWallMs = sinceWallMs;
    this.#statistics = initialStatistics(kind);
  }

  /** The job of a record, as old as it is; nothing runs beside it until the recoverer sets a mask. */
  static restored(record: AsyncRecord, call: Call, clock: Clock): AsyncState {
    const state = new AsyncState(record.kind, call, clock, record.sinceWallMs);
    state.mask = admitting([]);
    state.phase = record.phase;
    state.#owner = restoredOwner;
    state.#recordedOwner = record.owner;
    state.#restoredFor = record.parkedFor;
    if (record.abortRequested) state.requestAbort(cancelled(record.kind));
    return state;
  }

  holder(): AsyncHolder {
    const { parking } = this;
    return {
      slot: 'async',
      kind: this.kind,
      owner: parking?.owner ?? this.#owner,
      client: this.#client,
      sinceMs: this.#sinceMs,
      sinceWallMs: this.#sinceWallMs,
      phase: this.phase,
      parkedUntilWallMs: parking?.untilWallMs ?? null,
      abortRequested: this.abortRequested.aborted,
    };
  }

  record(): AsyncRecord {
    return {
      kind: this.kind,
      phase: this.phase,
      owner: this.#recordedOwner,
      sinceWallMs: this.#sinceWallMs,
      parkedFor: this.parking?.owner ?? this.#restoredFor,
      abortRequested: this.abortRequested.aborted,
    };
  }

  setMask(mask: readonly SyncKind[]): void {
    this.mask = admitting(mask);
  }

  get abortRequested(): AbortSignal {
    return this.#abort.signal;
  }

  requestAbort(reason: VireoError): void {
    this.#abort.abort(reason);
  }

  park(parking: Parking): void {
    invariant(!this.parking, 'a job is parked once at a time');
    this.parking = parking;
    this.#restoredFor = null;
  }

  /** Ends the stay; from here on nobody else can. */
  adopt(call: Call): void {
    invariant(this.parking, 'only a parked job can be adopted');
    this.parking.left.abort();
    this.parking = null;
    this.#owner = call.owner;
    this.#client = call.client;
    this.#recordedOwner = call.owner;
  }

  report(report: JobReport): void {
    this.#reported = true;
    this.#statistics = withReport(this.#statistics, report);
  }

  conclude(error: VireoError | null): void {
    this.#outcome = outcomeOf(error);
    this.#outcomeMs = this.#clock.now();
  }

  statistics(): JobStatistics {
    return statisticsAt(this.#statistics, (this.#outcomeMs ?? this.#clock.now()) - this.#sinceMs, this.#outcome);
  }

  /** What stays readable after the job; null for one that never said how far it was, nor how it ended. */
  lastStatistics(): JobStatistics | null {
    if (!this.#outcome && !this.#reported) return null;
    if (!this.#outcome) this.conclude(this.abortRequested.aborted ? cancelled(this.kind) : new VireoError('OPERATION_FAILED', `${words(this.kind)} job ended without a result`));
    return this.statistics();
  }
}

/** Why a job is cancelled, in libvirt's words. */
export function cancelled(kind: AsyncKind): VireoError {
  return new VireoError('OPERATION_ABORTED', `${words(kind)} job: canceled by client`);
}

function words(kind: AsyncKind): string {
  return kind.replace('-', ' ');
}

/** Rule 2: destroy cannot be masked out. */
function admitting(mask: readonly SyncKind[]): ReadonlySet<SyncKind> {
  return new Set([...mask, 'destroy']);
}
