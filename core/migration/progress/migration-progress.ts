/**
 * A migration as it goes on, on either host: the one object that whoever does a part of it tells, and that windows, tray and
 * command line are shown from. It draws no figure of its own: bytes and rates are QEMU's, and what it adds (a percentage that
 * never runs backwards, the speed of a disk, whether it will ever end) is computed from those.
 *
 * Who tells what: Begin and Prepare make it (`context.migrations.begin(domain, { clock, side, peer })`), every later part finds
 * it (`context.migrations.running(uuid)`); whoever begins something that lasts says so with `stage`; `report` gets each
 * answer of query-migrate beside `job.report`; the storage copy calls `planDisk` and `disk`; what is in force, and the levers,
 * are told with `settings` and `refuse`; Confirm and Finish, or whoever undoes them, say the last word with `end`.
 */
import type { Clock } from '../../base/clock.ts';
import { type VireoError } from '../../base/errors.ts';
import type { MigrationGlance } from '../../domain/migration-glance.ts';
import { type JobReport, type JobStatistics, initialStatistics, withReport } from '../../job/job-statistics.ts';
import type { MigrationVerdict, MigrationView } from '../migration-view.ts';
import { Convergence } from './convergence.ts';
import { DiskProgress, type DiskReport } from './disk-progress.ts';
import { type LeverRefusals, type Stage, activityOf, leversOf } from './stages.ts';
import { SampleRing } from './sample-ring.ts';

/** Whom it is about, and whom to tell that a glance at it differs. */
export interface ProgressSubject {
  readonly uuid: string;
  readonly name: string;
  migration: MigrationGlance | null;
  /** The job that does it: its phase is what is on disk, and a request to abort reaches it whoever holds it. */
  longJob(): { readonly phase: string | null; readonly abortRequested: boolean } | null;
  changed(): void;
}

export interface ProgressOptions {
  readonly clock: Clock;
  readonly side: 'source' | 'destination';
  readonly peer?: string | null;
  /** Wall-clock time at which the job began, where a driver before this one began it. */
  readonly startedAtMs?: number;
}

export type MigrationEnd =
  | { readonly outcome: 'completed'; readonly totalMs?: number | null; readonly downtimeMs?: number | null }
  /** `OPERATION_ABORTED` is shown as cancelled, everything else as failed. */
  | { readonly error: VireoError };

const maximumSamples = 300;
/** People read four a second; more would only keep windows busy. */
const tellEveryMs = 250;
const memoryOfFirstPass = 0.9;

export class MigrationProgress {
  readonly side: 'source' | 'destination';
  readonly #subject: ProgressSubject;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #startedMs: number;
  readonly #samples = new SampleRing(maximumSamples);
  readonly #disks = new DiskProgress();
  readonly #convergence = new Convergence();
  #peer: string | null;
  #phase = 'none';
  #stage: Stage = 'preparing';
  #statistics: JobStatistics;
  #refusals: LeverRefusals = {};
  #slowed = false;
  #bandwidthMiBps: number | null = null;
  #maxDowntimeMs: number | null = null;
  #percent: number | null = null;
  #memoryShare = 0;
  #firstOfLaterPasses: number | null = null;
  #end: { readonly atMs: number; readonly outcome: 'completed' | 'failed' | 'cancelled'; readonly error: string | null; readonly totalMs: number | null; readonly downtimeMs: number | null } | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;
  #telling = false;

  constructor(subject: ProgressSubject, { clock, side, peer = null, startedAtMs = clock.wallTime() }: ProgressOptions) {
    this.side = side;
    this.#subject = subject;
    this.#clock = clock;
    this.#startedAtMs = startedAtMs;
    this.#startedMs = clock.now() - Math.max(0, clock.wallTime() - startedAtMs);
    this.#peer = peer;
    this.#statistics = initialStatistics(side === 'source' ? 'migration-out' : 'migration-in');
    if (side === 'destination') this.#stage = 'receiving';
    this.#tellNow();
  }

  /** The word that goes to disk next; kept for when the job is over. */
  phase(word: string): void {
    this.#phase = word;
    this.#tellSoon();
  }

  peer(label: string): void {
    this.#peer = label;
    this.#tellSoon();
  }

  /** What goes on now. */
  stage(stage: Stage): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#tellNow();
  }

  get currentStage(): Stage {
    return this.#stage;
  }

  /** What QEMU said of the memory (query-migrate), in the job's own form: tell both. */
  report(report: JobReport): void {
    if (this.#end) return;
    this.#statistics = withReport(this.#statistics, report);
    const { memory } = this.#statistics;
    const atMs = this.#ageMs();
    if (memory.remainingBytes !== null) this.#lookAtMemory(atMs, memory.remainingBytes);
    this.#tellSoon();
  }

  /** The disks that will be copied, before the first is begun. */
  planDisk(target: string, totalBytes: number): void {
    this.#disks.plan(target, totalBytes);
    this.#tellSoon();
  }

  disk(target: string, report: DiskReport): void {
    if (this.#end) return;
    this.#disks.report(target, report, this.#ageMs());
    this.#tellSoon();
  }

  /** What is in force, as it was begun with or as somebody has changed it on the way. */
  settings(settings: { readonly bandwidthMiBps?: number | null; readonly maxDowntimeMs?: number | null; readonly slowed?: boolean }): void {
    if (settings.bandwidthMiBps !== undefined && settings.bandwidthMiBps !== this.#bandwidthMiBps) this.#convergence.leverMoved();
    if (settings.bandwidthMiBps !== undefined) this.#bandwidthMiBps = settings.bandwidthMiBps;
    if (settings.maxDowntimeMs !== undefined) this.#maxDowntimeMs = settings.maxDowntimeMs;
    if (settings.slowed !== undefined) this.#slowed = settings.slowed;
    this.#tellNow();
  }

  /** Whole sentences without their full stop; what is not given stays as it was. */
  refuse(refusals: LeverRefusals): void {
    this.#refusals = { ...this.#refusals, ...refusals };
    this.#tellNow();
  }

  /** The last word, said once; later ones are not heard. */
  end(end: MigrationEnd): void {
    if (this.#end) return;
    const atMs = this.#clock.wallTime();
    const ageMs = Math.round(this.#ageMs());
    if ('error' in end) {
      this.#end = { atMs, outcome: end.error.code === 'OPERATION_ABORTED' ? 'cancelled' : 'failed', error: end.error.message, totalMs: ageMs, downtimeMs: null };
    } else {
      this.#end = { atMs, outcome: 'completed', error: null, totalMs: end.totalMs ?? ageMs, downtimeMs: end.downtimeMs ?? this.#statistics.downtimeMs };
      this.#percent = 100;
      this.#memoryShare = 1;
    }
    this.#tellNow();
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** Everything, as of now. */
  view(): MigrationView {
    const { memory, autoConvergeThrottlePercent } = this.#statistics;
    const { name, uuid } = this.#subject;
    const percent = this.#wholePercent();
    return {
      uuid,
      name,
      side: this.side,
      peer: this.#peer,
      phase: (this.#end ? null : this.#subject.longJob()?.phase) ?? this.#phase,
      activity: this.#activity(),
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#end?.atMs ?? null,
      outcome: this.#end?.outcome ?? 'running',
      error: this.#end?.error ?? null,
      percent,
      memoryTotalBytes: memory.totalBytes,
      memoryPercent: memory.totalBytes === null ? null : this.#memoryPercent(),
      samples: [...this.#samples.samples()],
      disks: [...this.#disks.all],
      verdict: this.#verdict(),
      bandwidthMiBps: this.#bandwidthMiBps,
      maxDowntimeMs: this.#maxDowntimeMs,
      autoConvergeThrottlePercent,
      transferredBytes: memory.processedBytes === null && this.#disks.totalBytes === 0 ? null : (memory.processedBytes ?? 0) + this.#disks.processedBytes,
      iteration: memory.iteration,
      levers: leversOf({ side: this.side, stage: this.#stage, ended: this.ended, cancelling: this.#isCancelling(), slowed: this.#slowed, refusals: this.#refusals }),
      totalMs: this.#end?.totalMs ?? null,
      downtimeMs: this.#end?.downtimeMs ?? null,
    };
  }

  #isCancelling(): boolean {
    return !this.#end && (this.#subject.longJob()?.abortRequested ?? false);
  }

  #ageMs(): number {
    return Math.max(0, this.#clock.now() - this.#startedMs);
  }

  #activity(): string {
    return activityOf({ side: this.side, stage: this.#stage, iteration: this.#statistics.memory.iteration, cancelling: this.#isCancelling(), outcome: this.#end?.outcome ?? null });
  }

  #lookAtMemory(atMs: number, remainingBytes: number): void {
    const { memory } = this.#statistics;
    const dirtyBytesPerSecond = memory.dirtyRatePagesPerSecond === null ? null : memory.dirtyRatePagesPerSecond * (memory.pageSizeBytes ?? 4096);
    const { processedBytes, speedBytesPerSecond, iteration } = memory;
    this.#samples.add({ atMs: Math.round(atMs), remainingBytes, transferredBytes: processedBytes, speedBytesPerSecond, dirtyBytesPerSecond, iteration });
    if (this.#stage === 'memory') this.#convergence.look({ atMs, remainingBytes, speedBytesPerSecond, dirtyBytesPerSecond, iteration: iteration ?? 1 }, this.#maxDowntimeMs);
    this.#raiseMemoryShare(remainingBytes);
  }

  /**
   * The first pass, whose bytes are known, is most of the way; how many more there will be is not, so what is left of the way is
   * gone as what remains gets less than the second pass began with.
   */
  #raiseMemoryShare(remainingBytes: number): void {
    const { totalBytes, iteration } = this.#statistics.memory;
    if (totalBytes === null || totalBytes === 0) return;
    const copied = Math.min(1, Math.max(0, 1 - remainingBytes / totalBytes));
    let share = copied * memoryOfFirstPass;
    if (this.#stage === 'post-copy') share = copied;
    else if ((iteration ?? 1) > 1) {
      this.#firstOfLaterPasses ??= Math.max(1, remainingBytes);
      const left = Math.min(1, remainingBytes / this.#firstOfLaterPasses);
      share = memoryOfFirstPass + (1 - memoryOfFirstPass) * (1 - left);
    }
    this.#memoryShare = Math.max(this.#memoryShare, Math.min(0.99, share));
  }

  #memoryPercent(): number {
    return this.#memoryShare >= 1 ? 100 : Math.floor(this.#memoryShare * 100);
  }

  #wholePercent(): number | null {
    const disks = this.#disks.totalBytes;
    const memory = this.#statistics.memory.totalBytes ?? 0;
    if (this.#end?.outcome === 'completed') return 100;
    if (disks + memory === 0) return this.#percent;
    const processed = this.#disks.all.reduce((sum, { totalBytes, percent }) => sum + (totalBytes * percent) / 100, 0);
    const share = Math.floor(((processed + memory * this.#memoryShare) / (disks + memory)) * 100);
    this.#percent = Math.max(this.#percent ?? 0, Math.min(99, share));
    return this.#percent;
  }

  #verdict(): MigrationVerdict | null {
    if (this.#end) return null;
    const { remainingBytes, totalBytes } = this.#statistics.memory;
    const speed = this.#statistics.memory.speedBytesPerSecond;
    switch (this.#stage) {
      case 'receiving':
        return { kind: 'receiving' };
      case 'disks':
        return { kind: 'copying disks', remainingMs: this.#disks.remainingMs };
      case 'post-copy':
        return { kind: 'post-copy', remainingMs: remainingBytes !== null && speed !== null && speed > 0 ? Math.round((remainingBytes / speed) * 1000) : null };
      case 'switching over':
      case 'finishing':
        return { kind: 'switching over' };
      case 'memory':
        return totalBytes === null ? { kind: 'measuring', firstPassMs: null } : this.#verdictOfMemory();
      default:
        return null;
    }
  }

  #verdictOfMemory(): MigrationVerdict {
    const outlook = this.#convergence.outlook();
    if (!outlook) return { kind: 'measuring', firstPassMs: this.#convergence.firstPassMs() };
    const { memory, expectedDowntimeMs } = this.#statistics;
    const speedBytesPerSecond = this.#convergence.speedBytesPerSecond ?? memory.speedBytesPerSecond ?? 0;
    if (!outlook.converges) {
      return { kind: 'not converging', dirtyBytesPerSecond: (memory.dirtyRatePagesPerSecond ?? 0) * (memory.pageSizeBytes ?? 4096), speedBytesPerSecond: Math.round(speedBytesPerSecond) };
    }
    return outlook.remainingMs === null ? { kind: 'measuring', firstPassMs: null } : { kind: 'converging', remainingMs: outlook.remainingMs, expectedDowntimeMs };
  }

  #glance(): MigrationGlance {
    return {
      side: this.side,
      peer: this.#peer,
      activity: this.#activity(),
      percent: this.#wholePercent(),
      outcome: this.#end?.outcome ?? 'running',
      error: this.#end?.error ?? null,
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#end?.atMs ?? null,
      downtimeMs: this.#end?.downtimeMs ?? null,
    };
  }

  #tellNow(): void {
    this.#toldMs = this.#clock.now();
    this.#subject.migration = this.#glance();
    this.#subject.changed();
  }

  #tellSoon(): void {
    if (this.#telling) return;
    const waitMs = this.#toldMs + tellEveryMs - this.#clock.now();
    if (waitMs <= 0) return this.#tellNow();
    this.#telling = true;
    void this.#clock.sleep(waitMs).then(() => {
      this.#telling = false;
      if (!this.#end) this.#tellNow();
    });
  }
}
