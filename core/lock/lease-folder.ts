/**
 * The folder of the leases. By itself it is one for the whole computer, whoever runs Vireo and wherever its state is,
 * because two hosts know nothing of each other but the images; hosts on several computers that share storage name a
 * folder on it.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { VireoError, isSystemError } from '../base/errors.ts';
import type { HostSettings } from '../status/host-settings.ts';

export interface LeaseFolder {
  readonly path: string;
  /** This computer's own; no other computer sees it. */
  readonly isCommon: boolean;
}

/** Not below /tmp, which is emptied by age within days, and there for every user, which /run/lock is not. */
export const commonLeaseFolder = process.platform === 'win32' ? path.join(process.env['ProgramData'] ?? 'C:\\ProgramData', 'vireo-leases') : '/var/tmp/vireo-leases';

const forAll = 0o1777;
const sticky = 0o1000;
const othersWrite = 0o002;
const groupWrites = 0o020;

export function leaseFolderOf(settings: Pick<HostSettings, 'leaseFolder'>): LeaseFolder {
  return { path: settings.leaseFolder ?? commonLeaseFolder, isCommon: settings.leaseFolder === null };
}

/**
 * Makes the common folder where it is missing; another one is not made, for it may be storage that is not mounted.
 * @returns the folder, open. @throws OPERATION_FAILED for one in which others could take leases away.
 */
export async function openLeaseFolder(folder: LeaseFolder): Promise<FileHandle | null> {
  if (folder.isCommon) await makeCommon(folder.path);
  if (process.platform === 'win32') return null; // folders cannot be opened there
  const handle = await openFolder(folder.path);
  try {
    if (folder.isCommon) await openForAll(handle);
    const { mode, uid } = await handle.stat();
    const isOurs = uid === 0 || uid === process.geteuid?.();
    if ((mode & sticky) === 0 && (mode & (isOurs ? othersWrite : othersWrite | groupWrites)) !== 0) {
      throw unusable(folder.path, 'others may remove what is not theirs in it; it needs the sticky bit (chmod +t)');
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFolder(folder: string): Promise<FileHandle> {
  try {
    return await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = isSystemError(error) ? error.code : '';
    if (code === 'ELOOP' || code === 'ENOTDIR') throw unusable(folder, 'it is a link or no folder', error);
    if (code === 'ENOENT') throw unusable(folder, 'it does not exist', error);
    throw unusable(folder, (error as Error).message, error);
  }
}

/** Whoever comes first makes it for all. */
async function makeCommon(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: forAll });
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return;
    throw unusable(folder, `it cannot be made: ${(error as Error).message}`, error);
  }
}

/** Whatever the umask of whoever made it was, and also where that one was killed in between. Root takes it over: its owner may remove what others have in it. */
async function openForAll(handle: FileHandle): Promise<void> {
  const own = process.geteuid?.();
  const { mode, uid } = await handle.stat();
  if (own === 0 && uid !== 0) await handle.chown(0, 0);
  if ((own === 0 || uid === own) && (mode & 0o7777) !== forAll) await handle.chmod(forAll);
}

export function unusable(folder: string, why: string, cause?: unknown): VireoError {
  const remedy = "'leaseFolder' in settings.json names another folder, and 'lockManager': 'none' does without";
  return new VireoError('OPERATION_FAILED', `disks cannot be locked in '${folder}': ${why}; ${remedy}`, { details: { folder }, cause });
}
