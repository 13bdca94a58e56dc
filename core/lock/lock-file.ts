/**
 * One locked file in the lease folder. A name that is removed under its lock is free for the next one, so whoever has
 * got a lock looks whether the file still is the one of that name, and begins again where it is not.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { VireoError, isSystemError } from '../base/errors.ts';
import type { LeaseMode } from '../domain/image-lease.ts';
import type { AdvisoryLocks } from './advisory-lock.ts';
import { unusable } from './lease-folder.ts';
import { removeOtherRecords, waitersOf } from './lease-record.ts';

/** More often than this a name is not taken away in the moment in which it is asked for. */
const maximumTries = 100;

/** Null where somebody else holds the lock. The caller closes the file, or lets QEMU inherit it first. @throws OPERATION_FAILED, SYSTEM_ERROR. */
export async function lockFile(locks: AdvisoryLocks, file: string, mode: LeaseMode): Promise<FileHandle | null> {
  for (let tries = 0; tries < maximumTries; tries++) {
    const handle = await openOrMake(file, locks.openFlags(mode));
    if (handle === 'held') return null;
    if (handle === 'again') continue;
    try {
      if (!(await handle.stat()).isFile()) throw unusable(path.dirname(file), `'${path.basename(file)}' is no ordinary file`);
      if (!(await locks.lock(handle, mode))) {
        await handle.close();
        return null;
      }
      if (await isStill(handle, file)) return handle;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    await handle.close();
  }
  throw new VireoError('OPERATION_FAILED', `'${file}' is taken away again and again`);
}

/** The file that somebody else has locked, open and without a lock; null where it has just gone. */
export async function openHeld(file: string): Promise<FileHandle | null> {
  const handle = await openOrMake(file, 0);
  if (typeof handle === 'string') return null;
  if (await isStill(handle, file)) return handle;
  await handle.close();
  return null;
}

/** Takes the name away, under the lock of `handle`; another user's stays. */
export async function removeLocked(handle: FileHandle, file: string): Promise<void> {
  if (await isStill(handle, file)) await unlink(file).catch(() => {});
}

/** Removes a lease's file, and what is left of records, unless somebody has the lease. Never throws: what stays is empty, and harms nobody. */
export async function removeIfFree(locks: AdvisoryLocks, file: string): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(file, flags | locks.openFlags('exclusive')).catch(() => null);
  if (!handle) return;
  try {
    const own = process.geteuid?.() ?? 0;
    if (own !== 0 && (await handle.stat()).uid !== own) return; // the sticky bit keeps it
    if (!(await locks.lock(handle, 'exclusive'))) return;
    if ((await waitersOf(file)).length > 0) return; // it is about to be theirs
    await removeOtherRecords(file, null);
    await removeLocked(handle, file);
  } catch {
    // It stays.
  } finally {
    await handle.close().catch(() => {});
  }
}

async function isStill(handle: FileHandle, file: string): Promise<boolean> {
  const [ours, named] = await Promise.all([handle.stat({ bigint: true }), stat(file, { bigint: true }).catch(() => null)]);
  return named !== null && ours.dev === named.dev && ours.ino === named.ino;
}

/**
 * A file that is there is opened without O_CREAT: in a sticky folder the kernel refuses that for another user's
 * (fs.protected_regular). It is opened for writing where that is allowed, which NFS wants for an exclusive lock.
 */
async function openOrMake(file: string, lockFlags: number): Promise<FileHandle | 'held' | 'again'> {
  const common = constants.O_NOFOLLOW | constants.O_NONBLOCK | lockFlags;
  try {
    return await open(file, constants.O_RDWR | common);
  } catch (error) {
    const code = isSystemError(error) ? error.code : '';
    if (code === 'EAGAIN') return 'held';
    if (code === 'ENOENT') return await make(file, common);
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw unusable(path.dirname(file), (error as Error).message, error);
  }
  try {
    return await open(file, constants.O_RDONLY | common);
  } catch (error) {
    const code = isSystemError(error) ? error.code : '';
    if (code === 'EAGAIN') return 'held';
    if (code === 'ENOENT') return 'again';
    throw unusable(path.dirname(file), (error as Error).message, error);
  }
}

async function make(file: string, common: number): Promise<FileHandle | 'held' | 'again'> {
  try {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | common, 0o644);
    await handle.chmod(0o644); // whatever the umask is: others must be able to lock it
    return handle;
  } catch (error) {
    const code = isSystemError(error) ? error.code : '';
    if (code === 'EEXIST') return 'again';
    if (code === 'EAGAIN') return 'held';
    throw unusable(path.dirname(file), (error as Error).message, error);
  }
}
