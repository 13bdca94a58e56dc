/**
 * The source's half of copying disks to another host (I6): for each chosen disk a client of the destination's NBD server
 * and a mirror job that keeps it in step with the guest until the guest stands still. Jobs and nodes have libvirt's names,
 * by which a driver that comes back finds them. QEMU's events say how the jobs go; they are asked only for their progress.
 */
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { isQemuError } from '../../monitor/qemu-error.ts';
import type { MigrationProgress } from '../progress/migration-progress.ts';
import type { CopyPlan, PlannedDisk } from './copy-plan.ts';
import { abandonMirrors, dismissMirrors, mirrorNode, withYank } from './end-mirrors.ts';
import { ByteRate, lookAtMirrors } from './look-at-mirrors.ts';
import { MirrorWatch } from './mirror-watch.ts';
import { type NbdAddress, socketAddress } from './nbd-address.ts';
import { probeServer } from './probe-server.ts';

export interface CopyScene {
  readonly clock: Clock;
  readonly log: Log;
  readonly live: LiveDomain;
  readonly job: AsyncJob<'migration-out'>;
  /** Told of each disk; null where nobody watches. */
  readonly progress: MigrationProgress | null;
}

export interface CopyTarget {
  readonly address: NbdAddress;
  /** Of each disk; 0 is no limit. */
  readonly bandwidthBytesPerSecond: number;
  /** The id of the credentials in QEMU, and the name that the destination's certificate must bear where that is not its host's. */
  readonly tls: { readonly credentials: string; readonly hostName: string | null } | null;
}

/** Twice what people are promised, as QEMU's answers may wait for others. */
const progressEveryMs = 250;
/** QEMU does nothing else while it connects. */
const connectsWithinMs = 10_000;
/** The guest stands still meanwhile. */
const stalledMs = 20_000;

export class StorageCopy implements Disposable {
  readonly #scene: CopyScene;
  readonly #plan: CopyPlan;
  readonly #watch: MirrorWatch;
  readonly #failed = new AbortController();
  readonly #begun: PlannedDisk[] = [];
  readonly #rate = new ByteRate();
  #ending: 'not' | 'completing' | 'cancelling' | 'over' = 'not';

  constructor(scene: CopyScene, plan: CopyPlan) {
    this.#scene = scene;
    this.#plan = plan;
    this.#watch = new MirrorWatch(scene.live, plan.disks.map(({ alias }) => alias));
    this.#watch.changes.on((alias) => this.#changed(alias));
  }

  /** Aborts with what is to be told when a copy ends before it was told to: the migration has to end then. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /**
   * Connects to the destination and begins to copy, one disk after the other.
   * @throws OPERATION_FAILED naming the disk, in QEMU's words; no job and no node of the copy is left then.
   */
  async start(target: CopyTarget, signal: AbortSignal): Promise<void> {
    const { job, live, clock } = this.#scene;
    await this.#orCancel(async () => {
      await this.#announce();
      if (this.#plan.disks.length > 0) await probeServer(target.address, AbortSignal.any([signal, live.died]));
      for (const disk of this.#plan.disks) {
        signal.throwIfAborted();
        this.failed.throwIfAborted();
        this.#begun.push(disk);
        await job.nest(async (monitor) => {
          await withYank(monitor, disk.target, clock, connectsWithinMs, () => monitor.execute('blockdev-add', clientNode(disk, target)));
          await monitor.execute('blockdev-mirror', {
            'job-id': disk.alias,
            device: disk.node,
            target: mirrorNode(disk.target),
            sync: this.#plan.isIncremental ? 'top' : 'full',
            'auto-finalize': true,
            'auto-dismiss': false, // its error is read by whoever ends it, which may be another driver
            ...(target.bandwidthBytesPerSecond > 0 ? { speed: target.bandwidthBytesPerSecond } : {}),
            ...(this.#plan.synchronousWrites ? { 'copy-mode': 'write-blocking' } : {}),
          });
        }).catch((error: unknown) => {
          throw isQemuError(error) ? copyFailed(disk.target, String(error.details['qemuText']), null, error) : error;
        });
      }
    });
  }

  /**
   * Until every disk is in step with the guest, which it stays.
   * @param signal ends the waiting: a request to abort, a lost connection.
   * @throws the signal's reason, or OPERATION_FAILED naming the disk that failed; nothing of the copy is left then.
   */
  async untilReady(signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.failed, this.#scene.live.died]);
    await this.#orCancel(async () => {
      for (;;) {
        over.throwIfAborted();
        await this.look();
        if (this.#plan.disks.every(({ alias }) => this.#watch.of(alias).isReady)) return;
        over.throwIfAborted();
        using change = this.#nextChange();
        await this.#scene.clock.sleep(progressEveryMs, AbortSignal.any([over, change.signal]));
      }
    });
  }

  /** Asks QEMU how far the copies are, and tells; for whoever watches the memory meanwhile, at the same pace. @returns the bytes that have gone over. */
  async look(): Promise<number> {
    const { job, progress, clock } = this.#scene;
    if (this.#plan.disks.length === 0) return 0;
    return await lookAtMirrors(job, progress, this.#plan.disks, this.#watch, (bytes) => this.#rate.look(bytes, clock.now()));
  }

  /** For the copies that still run. @param bytesPerSecond of each disk; 0 is no limit. */
  async setSpeed(bytesPerSecond: number): Promise<void> {
    for (const { alias } of this.#begun) {
      if (this.#watch.of(alias).hasEnded) continue;
      await this.#scene.job.nest((monitor) => monitor.execute('block-job-set-speed', { device: alias, speed: bytesPerSecond })).catch((error: unknown) => {
        if (!isQemuError(error)) throw error; // it ended meanwhile
      });
    }
  }

  /**
   * The guest stands still, and will run at the destination: what it wrote last goes over, then the copies end.
   * @throws the signal's reason, or OPERATION_FAILED naming the disk that failed; nothing of the copy is left then.
   */
  async complete(signal: AbortSignal): Promise<void> {
    const { job, live, progress } = this.#scene;
    await this.#orCancel(async () => {
      this.failed.throwIfAborted();
      const late = this.#plan.disks.find(({ alias }) => !this.#watch.of(alias).isReady);
      if (late) throw copyFailed(late.target, 'it is not in step with the guest yet', null);
      this.#ending = 'completing';
      // One that is in step ends when all of it is there; that is not a failure for QEMU.
      for (const { alias } of this.#plan.disks) {
        if (!this.#watch.of(alias).hasEnded) await job.nest((monitor) => monitor.execute('block-job-cancel', { device: alias, force: false }));
      }
      await this.#untilEnded(AbortSignal.any([signal, this.failed, live.died]));
      this.failed.throwIfAborted();
      await dismissMirrors(this.#scene, this.#begun);
      this.#ending = 'over';
    });
    for (const { target } of this.#plan.disks) progress?.disk(target, { state: 'done' });
  }

  /** Ends what has been begun, whatever state it is in. What cannot be ended is logged: the domain goes on. Never throws. */
  async cancel(): Promise<void> {
    if (this.#ending === 'over') return;
    this.#ending = 'cancelling';
    await abandonMirrors(this.#scene, this.#begun, this.#watch).catch((error: unknown) =>
      this.#scene.log.write('error', 'the copies of a migration could not be ended', { error: asVireoError(error).message }),
    );
    this.#ending = 'over';
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #announce(): Promise<void> {
    const { job, progress } = this.#scene;
    if (!progress || this.#plan.disks.length === 0) return;
    const { value: nodes } = await job.nest((monitor) => monitor.query('query-named-block-nodes', { flat: true }));
    for (const { target, node } of this.#plan.disks) progress.planDisk(target, nodes.find((each) => each['node-name'] === node)?.image['virtual-size'] ?? 0);
  }

  /** A link that has died tells nobody: what does not go on for a while is over. */
  async #untilEnded(over: AbortSignal): Promise<void> {
    const { clock } = this.#scene;
    const running = (): PlannedDisk | undefined => this.#plan.disks.find(({ alias }) => !this.#watch.of(alias).hasEnded);
    let seen = { bytes: -1, atMs: clock.now() };
    for (let late = running(); late; late = running()) {
      over.throwIfAborted();
      const bytes = await this.look();
      if (bytes !== seen.bytes) seen = { bytes, atMs: clock.now() };
      else if (clock.now() - seen.atMs > stalledMs) throw copyFailed(late.target, `the destination has taken nothing for ${stalledMs / 1000} s`, 'write');
      using change = this.#nextChange();
      if (running()) await clock.sleep(progressEveryMs, AbortSignal.any([over, change.signal]));
    }
  }

  #changed(alias: string): void {
    const { hasEnded, error, failedAt } = this.#watch.of(alias);
    const isExpected = this.#ending === 'cancelling' || this.#ending === 'over' || (this.#ending === 'completing' && error === null);
    const disk = this.#begun.find((each) => each.alias === alias);
    if (!disk || !hasEnded || isExpected || this.failed.aborted) return;
    const failure = copyFailed(disk.target, error ?? 'the copy was ended by somebody else', failedAt);
    this.#scene.progress?.disk(disk.target, { state: 'failed', error: failure.message });
    this.#failed.abort(failure);
  }

  /** A signal that aborts with the next change. */
  #nextChange(): { readonly signal: AbortSignal } & Disposable {
    const changed = new AbortController();
    const subscription = this.#watch.changes.on(() => changed.abort());
    return { signal: changed.signal, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
  }

  /** What fails leaves nothing of the copy behind; why the first disk failed is what is told. */
  async #orCancel(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.cancel();
      throw this.failed.aborted && !this.#scene.live.died.aborted ? this.failed.reason : error;
    }
  }
}

/** The destination's export as a node that zeroes may make holes in: a sparse disk stays sparse. */
function clientNode({ target, alias, detectZeroes }: PlannedDisk, { address, tls }: CopyTarget) {
  return {
    driver: 'nbd' as const,
    'node-name': mirrorNode(target),
    server: socketAddress(address),
    export: alias,
    discard: 'unmap' as const,
    ...(detectZeroes ? { 'detect-zeroes': 'unmap' as const } : {}),
    ...(tls ? { 'tls-creds': tls.credentials, ...(tls.hostName === null ? {} : { 'tls-hostname': tls.hostName }) } : {}),
  };
}

function copyFailed(target: string, words: string, failedAt: 'read' | 'write' | null, cause?: unknown): VireoError {
  const where = failedAt === null ? '' : failedAt === 'write' ? ' (writing to the destination)' : ' (reading it here)';
  return new VireoError('OPERATION_FAILED', `migration of disk ${target} failed: ${words}${where}`, { details: { disk: target, failedAt }, cause });
}
