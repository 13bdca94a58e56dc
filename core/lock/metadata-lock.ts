/**
 * The short lock around a change of an image's owner or label, so that two drivers never change it at once and never
 * read what the other is about to change. It is the driver's, beside the lease, which is QEMU's.
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { ProcessContext } from '../process/process-context.ts';
import type { HostSettings } from '../status/host-settings.ts';
import { type AdvisoryLocks, advisoryLocks } from './advisory-lock.ts';
import { imageIdentity } from './image-identity.ts';
import { leaseFolderOf, openLeaseFolder } from './lease-folder.ts';
import { holdersOf, recordPath, removeRecord, thisProcess, writeRecord } from './lease-record.ts';
import { describeHolder } from './lease-refusal.ts';
import { lockFile, removeLocked } from './lock-file.ts';

export interface MetadataLockOptions {
  /** Ends the waiting, not the work. */
  readonly signal: AbortSignal;
  /** The domain for which it is changed, as others are told who wait for it. */
  readonly domain: { readonly name: string; readonly uuid: string };
}

const deadlineMs = 10_000;
const firstPauseMs = 5;
const longestPauseMs = 100;

/** What it takes to find the lock: the run that changes an owner back may have only this of the host that began it. */
export interface MetadataLocking extends Pick<ProcessContext, 'clock' | 'stateFolder'> {
  readonly settings: Pick<HostSettings, 'lockManager' | 'leaseFolder'>;
}

/**
 * Runs `work` while nobody else on this computer, and of no other host that uses the same lease folder, changes the
 * owner or label of `image` (an absolute path). With `lockManager: 'none'`, and for what is no image, it only runs it.
 * It is not reentrant: within `work` the same image must not be locked again.
 * @throws OPERATION_TIMEOUT after 10 s, naming who holds it; what `work` throws; the signal's reason.
 */
export async function withMetadataLock<T>(context: MetadataLocking, image: string, options: MetadataLockOptions, work: () => Promise<T>): Promise<T> {
  options.signal.throwIfAborted();
  const folder = leaseFolderOf(context.settings);
  const [locks, identity] = await Promise.all([advisoryLocks(), imageIdentity(image, folder)]);
  if (context.settings.lockManager === 'none' || !locks || identity === null) return await work();
  await (await openLeaseFolder(folder))?.close();
  const file = path.join(folder.path, `${identity}.metadata`);
  const handle = await lockSoon(context, locks, image, file, options.signal);
  const record = recordPath(file);
  try {
    const { domain } = options;
    await writeRecord(record, { image, target: null, mode: 'exclusive', domain: { name: domain.name, uuid: domain.uuid }, stateFolder: context.stateFolder, sinceMs: context.clock.wallTime(), ...(await thisProcess()) }).catch(() => {});
    return await work();
  } finally {
    await removeRecord(record);
    await removeLocked(handle, file);
    await handle.close().catch(() => {});
  }
}

async function lockSoon({ clock }: MetadataLocking, locks: AdvisoryLocks, image: string, file: string, signal: AbortSignal): Promise<FileHandle> {
  const untilMs = clock.now() + deadlineMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const handle = await lockFile(locks, file, 'exclusive');
    if (handle) return handle;
    if (clock.now() >= untilMs) {
      const [holder = null] = await holdersOf(file);
      const who = holder ? `held for ${describeHolder(holder)}` : 'its holder is not known';
      throw new VireoError('OPERATION_TIMEOUT', `cannot acquire the metadata lock of '${image}' (${who})`, { details: { image, holder } });
    }
    await clock.sleep(pauseMs, signal);
    signal.throwIfAborted();
  }
}
