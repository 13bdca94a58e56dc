/**
 * A save image on its way: private, complete or absent. It is written under a name of its own beside the one that was
 * asked for, and gets that one when all of it is on the disk; an older image of that name stays until then.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../base/atomic-file.ts';
import { VireoError, isSystemError } from '../base/errors.ts';
import { aboutImage } from './image-error.ts';
import { completion } from './image-header.ts';

/** Written down before the file is made, so that a crash leaves none that nobody knows. */
export function partOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file).slice(0, 200)}.${randomUUID().slice(-12)}.part`);
}

/** @throws INVALID_ARG for a path that is relative or leads to something other than a file, SYSTEM_ERROR. */
export async function refuseUnwritable(file: string): Promise<void> {
  if (!path.isAbsolute(file) || file.endsWith('/')) throw new VireoError('INVALID_ARG', `'${file}' is no absolute path of a file`);
  const there = await lstat(file).catch((error: unknown) => {
    if (isSystemError(error) && error.code === 'ENOENT') return null;
    throw cannotWrite(file, error);
  });
  if (there && !there.isFile()) throw new VireoError('INVALID_ARG', `'${file}' is there and is no ordinary file: a save image does not replace it`);
}

/** The file, with `head` in it, its place behind that. @throws SYSTEM_ERROR; nothing is left then. */
export async function makePart(part: string, file: string, head: Buffer): Promise<FileHandle> {
  try {
    const handle = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await handle.writeFile(head); // from the file's place on, which it moves
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    await discardPart(part);
    throw cannotWrite(file, error);
  }
}

/** Marks it complete and puts it in its place, safe from a power cut. @throws SYSTEM_ERROR; what was there before is there still. */
export async function commitPart(part: string, file: string): Promise<void> {
  try {
    const handle = await open(part, constants.O_WRONLY);
    try {
      await handle.datasync(); // nothing is called complete that a power cut could still undo
      await handle.write(completion(), 0, null, 0);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  await syncFolder(path.dirname(file)).catch(() => {}); // some file systems know no sync of a folder
}

export async function discardPart(part: string): Promise<void> {
  await rm(part, { force: true }).catch(() => {}); // what cannot be removed can be seen where it lies
}

export function cannotWrite(file: string, error: unknown): VireoError {
  return aboutImage(file, `the save image '${file}' cannot be written`, error);
}
