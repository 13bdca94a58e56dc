/**
 * The file of a dump: private, complete or absent. QEMU opens it by its path, so it is there before, empty and for
 * QEMU's user alone, under a name of its own beside the one that was asked for, which it gets when it is complete.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chown, lstat, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError, isSystemError } from '../base/errors.ts';

/** Who QEMU runs as: it must be able to write what this process has made. */
export interface Writer {
  readonly uid: number;
  readonly gid: number;
}

/** By the owner of its folder in /proc; null where the system has none. */
export async function writerOf(pid: number): Promise<Writer | null> {
  return stat(`/proc/${pid}`).then(({ uid, gid }) => ({ uid, gid }), () => null);
}

/** Where QEMU is to write a dump that becomes `file`: written down before it is made, so that a crash leaves none that nobody knows. */
export function partOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file).slice(0, 200)}.${randomUUID().slice(-12)}.part`);
}

/**
 * Makes the file that QEMU is to write. @returns whether a file stands where it will go.
 * @throws INVALID_ARG for a path that is relative or leads to something other than a file, SYSTEM_ERROR.
 */
export async function makePart(part: string, file: string, writer: Writer | null): Promise<boolean> {
  if (!path.isAbsolute(file) || file.endsWith('/')) throw new VireoError('INVALID_ARG', `'${file}' is no absolute path of a file`);
  const there = await lstat(file).catch((error: unknown) => refuseUnlessAbsent(file, error));
  if (there && !there.isFile()) throw new VireoError('INVALID_ARG', `'${file}' is there and is no ordinary file: a dump does not replace it`);
  try {
    const handle = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      if (writer && process.geteuid?.() === 0 && writer.uid !== 0) await handle.chown(writer.uid, writer.gid);
    } finally {
      await handle.close();
    }
  } catch (error) {
    await discardPart(part);
    throw cannotWrite(file, error);
  }
  return there !== null;
}

function refuseUnlessAbsent(file: string, error: unknown): null {
  if (isSystemError(error) && error.code === 'ENOENT') return null;
  throw cannotWrite(file, error);
}

function cannotWrite(file: string, error: unknown): VireoError {
  return new VireoError('SYSTEM_ERROR', `the dump file '${file}' cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** Puts a complete dump in its place, safe from a power cut. @returns its size. @throws SYSTEM_ERROR; the part is still there. */
export async function finishPart(part: string, file: string): Promise<number> {
  try {
    const handle = await open(part, constants.O_RDWR);
    let size: number;
    try {
      await handle.sync();
      ({ size } = await handle.stat());
    } finally {
      await handle.close();
    }
    if (process.geteuid?.() === 0) await chown(part, 0, process.getegid?.() ?? 0);
    await rename(part, file);
    const folder = await open(path.dirname(file), constants.O_RDONLY);
    await folder.sync().catch(() => {}); // some file systems know no sync of a folder
    await folder.close();
    return size;
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** How much of it is there; null where nothing is. */
export async function partSize(part: string): Promise<number | null> {
  return stat(part).then(({ size }) => size, () => null);
}

export async function discardPart(part: string): Promise<void> {
  await rm(part, { force: true }).catch(() => {}); // what cannot be removed can be seen where it lies
}
