/**
 * The leases of one run (F10): taken before QEMU is there, inherited by it, and given back by the kernel when it ends.
 * So an image is never without its lease between the check and the use, and no crash of anybody leaves one behind.
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { asVireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { ImageLease } from '../domain/image-lease.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { type AdvisoryLocks, advisoryLocks, atATime } from './advisory-lock.ts';
import { endLeases, isLease } from './end-leases.ts';
import { type LeaseFolder, leaseFolderOf, openLeaseFolder } from './lease-folder.ts';
import { awaitLocks, isHandedOverBy, type LeaseSource } from './lease-hand-over.ts';
import { type HolderFacts, type LeaseHolder, holdersOf, recordPath, removeOtherRecords, removeRecord, thisProcess, waitersOf, writeRecord } from './lease-record.ts';
import { refusal, refusalByUnknown } from './lease-refusal.ts';
import { lockFile, openHeld } from './lock-file.ts';
import { type WantedLease, wantedImages, wantedLeases } from './wanted-images.ts';

/**
 * A lock without a holder that says so is one that is being given back, or whose holder has not written its record yet.
 * It is waited for this long.
 */
const unknownHolderMs = 2_000;
const pollMs = 25;

interface LeaseContext extends Pick<ProcessContext, 'settings' | 'clock' | 'log' | 'stateFolder'> {
  /** For tests of systems that have none. */
  readonly advisoryLocks?: typeof advisoryLocks;
}

interface Taken {
  readonly lease: ImageLease;
  /** Null where this system has no locks that QEMU could inherit. */
  readonly handle: FileHandle | null;
  readonly facts: HolderFacts;
  /** Another host's run has the lock still, and hands it over when it ends. */
  readonly isAwaited: boolean;
}

export class ImageLeases implements AsyncDisposable {
  readonly #context: LeaseContext;
  readonly #domain: Pick<Domain, 'name' | 'uuid'>;
  readonly #source: LeaseSource | null;
  readonly #folder: LeaseFolder;
  readonly #taken: Taken[] = [];
  #folderHandle: FileHandle | null = null;
  #locks: AdvisoryLocks | null = null;
  #belongsToRun = false;

  private constructor(context: LeaseContext, domain: Pick<Domain, 'name' | 'uuid'>, source: LeaseSource | null) {
    this.#context = context;
    this.#domain = domain;
    this.#source = source;
    this.#folder = leaseFolderOf(context.settings);
  }

  /**
   * Takes the lease of every image of `definition`, all or none.
   * @param source whose leases are not refused but waited for: the run whose guest comes here.
   * @throws RESOURCE_BUSY naming image, disk and holder; CONFIG_UNSUPPORTED where two of its own disks exclude each other;
   * OPERATION_FAILED where leases cannot be kept.
   */
  static async take(context: LeaseContext, domain: Pick<Domain, 'name' | 'uuid'>, definition: DomainDefinition, signal: AbortSignal, source: LeaseSource | null = null): Promise<ImageLeases> {
    const leases = new ImageLeases(context, domain, source);
    if (context.settings.lockManager === 'none') return leases;
    try {
      const wanted = await wantedLeases(wantedImages(definition), leases.#folder);
      if (wanted.length > 0) await leases.#takeAll(wanted, signal);
      return leases;
    } catch (error) {
      await leases[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What QEMU inherits, after every descriptor that its command line counts on. */
  get descriptors(): readonly number[] {
    return [this.#folderHandle, ...this.#taken.map(({ handle }) => handle)].flatMap((handle) => (handle ? [handle.fd] : []));
  }

  /** QEMU has the locks: they end with it, and the records with the run. Never throws; what is written is only for people. */
  async handOver(live: LiveDomain): Promise<void> {
    this.#belongsToRun = true;
    adoptLeases(live, this.#taken.map(({ lease }) => lease));
    await this.#keepFolder();
    this.#awaitLocks(live);
    await this.#close();
    const { pid, startTime } = live.facts.process;
    await Promise.all(this.#taken.map(async ({ lease, facts }) => writeRecord(lease.record, { ...facts, pid, startTime }).catch((error: unknown) => this.#warn(lease, error))));
    // It may have ended while they were written.
    if (live.died.aborted) await endLeases(this.#taken.map(({ lease }) => lease));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#belongsToRun) return;
    await this.#close();
    await endLeases(this.#taken.map(({ lease }) => lease));
  }

  async #close(): Promise<void> {
    const open = [this.#folderHandle, ...this.#taken.map(({ handle }) => handle)].filter((handle) => handle !== null);
    await Promise.all(open.map((handle) => handle.close().catch(() => {})));
    this.#folderHandle = null;
  }

  async #takeAll(wanted: readonly WantedLease[], signal: AbortSignal): Promise<void> {
    this.#locks = await (this.#context.advisoryLocks ?? advisoryLocks)();
    if (!this.#locks) this.#context.log.write('warning', 'without flock(1), who has an image is told by records alone', { folder: this.#folder.path });
    const handle = await openLeaseFolder(this.#folder);
    if (this.#folder.isCommon && this.#locks && process.platform === 'linux') this.#folderHandle = handle;
    else await handle?.close();
    const waiting = [...wanted];
    const takers = Array.from({ length: Math.min(atATime, waiting.length) }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        signal.throwIfAborted();
        await this.#take(next, signal).catch((error: unknown) => {
          waiting.length = 0; // the others need not be tried
          throw error;
        });
      }
    });
    const outcomes = await Promise.allSettled(takers);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    this.#taken.sort((one, next) => orderIn(wanted, one) - orderIn(wanted, next)); // as in the definition
  }

  /**
   * What empties /var/tmp by age passes over a folder that is locked (systemd-tmpfiles), so that the leases of a guest
   * that runs for months stay; it holds such a lock itself while it looks. QEMU has the same open file already, so that
   * the lock is its own as well, and costs the start nothing: QEMU is still busy with itself.
   */
  async #keepFolder(): Promise<void> {
    if (!this.#folderHandle) return;
    const isLocked = await this.#locks?.lock(this.#folderHandle, 'shared').catch(() => false);
    if (!isLocked) this.#context.log.write('warning', 'the folder of the disk leases could not be kept from being cleaned', { folder: this.#folder.path });
  }

  /** From here on whether QEMU gets the locks depends on the other QEMU's end alone. */
  #awaitLocks(live: LiveDomain): void {
    const program = this.#locks?.program ?? null;
    const files = this.#taken.flatMap(({ isAwaited, handle, lease }) => (isAwaited && handle ? [{ fd: handle.fd, mode: lease.mode, image: lease.image }] : []));
    if (files.length === 0 || program === null) return;
    const wait = awaitLocks(program, files, live.facts.process.pid);
    live.onEnd('promised disk leases', () => wait[Symbol.dispose]());
    void wait.done.then((isDone) => {
      if (!isDone && !live.died.aborted) this.#context.log.write('warning', 'disk leases were not waited for', { images: files.map(({ image }) => image) });
    });
  }

  async #take(wanted: WantedLease, signal: AbortSignal): Promise<void> {
    const { image, target, mode, identity } = wanted;
    const file = path.join(this.#folder.path, `${identity}.lease`);
    const lease: ImageLease = { image, target, mode, file, record: recordPath(file) };
    const { stateFolder, clock } = this.#context;
    const facts: HolderFacts = { image, target, mode, domain: { name: this.#domain.name, uuid: this.#domain.uuid }, stateFolder, sinceMs: clock.wallTime(), ...(await thisProcess()) };
    const handle = this.#locks ? await this.#lock(this.#locks, wanted, file, signal) : null;
    if (handle === 'handed over') return await this.#takePromised(wanted, lease, facts, signal);
    this.#taken.push({ lease, handle, facts, isAwaited: false });
    try {
      await writeRecord(lease.record, facts);
    } catch (error) {
      if (!this.#locks) throw asVireoError(error); // the record is all that there is
      this.#warn(lease, error);
    }
    if (!this.#locks) await this.#refuseByRecords(wanted, file, lease.record);
    // Who shares it leaves them: a hundred guests on one image would each look at all the others.
    else if (mode === 'exclusive') await this.#claim(wanted, file, lease.record);
  }

  /** A lock that is free for a moment, because its holder has just ended, may have been promised to somebody who waits for it. */
  async #claim(wanted: WantedLease, file: string, own: string): Promise<void> {
    const promised = await waitersOf(file, own);
    if (promised.length > 0) throw refusal(wanted, promised);
    await removeOtherRecords(file, own);
  }

  /** Its record first: from then on whoever ends the source's run leaves the file where it is. */
  async #takePromised(wanted: WantedLease, lease: ImageLease, facts: HolderFacts, signal: AbortSignal): Promise<void> {
    await writeRecord(lease.record, { ...facts, isPromised: true });
    const handle = await openHeld(lease.file);
    if (handle) return void this.#taken.push({ lease, handle, facts: { ...facts, isPromised: true }, isAwaited: true });
    await removeRecord(lease.record); // the source has ended just now: the lease is free
    await this.#take(wanted, signal);
  }

  #isFromSource(holder: LeaseHolder): boolean {
    return isHandedOverBy(this.#source, holder);
  }

  /** Without locks: both of two that come at once may be refused, but never are both let in. */
  async #refuseByRecords(wanted: WantedLease, file: string, own: string): Promise<void> {
    const holders = (await holdersOf(file, own)).filter((holder) => (holder.mode === 'exclusive' || wanted.mode === 'exclusive') && !this.#isFromSource(holder));
    if (holders.length > 0) throw refusal(wanted, holders);
  }

  async #lock(locks: AdvisoryLocks, wanted: WantedLease, file: string, signal: AbortSignal): Promise<FileHandle | 'handed over'> {
    const { clock } = this.#context;
    const untilMs = clock.now() + unknownHolderMs;
    for (;;) {
      const handle = await lockFile(locks, file, wanted.mode);
      if (handle) return handle;
      const holders = (await holdersOf(file)).filter(({ mode }) => mode === 'exclusive' || wanted.mode === 'exclusive');
      if (holders.length > 0 && holders.every((holder) => this.#isFromSource(holder))) return 'handed over';
      if (holders.length > 0) throw refusal(wanted, holders);
      if (clock.now() >= untilMs) throw await refusalByUnknown(wanted, file);
      await clock.sleep(pollMs, signal);
      signal.throwIfAborted();
    }
  }

  #warn(lease: ImageLease, error: unknown): void {
    this.#context.log.write('warning', 'others will not be told who has an image', { image: lease.image, record: lease.record, error: asVireoError(error).message });
  }
}

/** Makes the leases the run's own, whether it was just started or found again: their records go when it ends. */
export function adoptLeases(live: LiveDomain, leases: readonly ImageLease[]): void {
  live.leases = leases.filter(isLease);
  if (live.leases.length === 0) return;
  live.onEnd('disk leases', () => endLeases(live.leases));
}

function orderIn(wanted: readonly WantedLease[], { lease }: Taken): number {
  return wanted.findIndex(({ image, target }) => image === lease.image && target === lease.target);
}
