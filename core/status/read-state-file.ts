/**
 * Reads a file of the state folder that anybody may have damaged or replaced. What is no ordinary file is refused
 * without opening what is behind it: a pipe would hold the start up for ever, a device may have no end. So is what is
 * far too large, before it is in memory, and what is no UTF-8, because a changed byte must not pass as another letter.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../base/errors.ts';

/** A definition of a hundred devices has some 40 KiB. */
export const maximumStateFileBytes = 4 * 1024 * 1024;

/** The file itself is wrong, and will be as wrong next time; its message is a clause about the file. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

/** The file's text. @throws DamagedFile, or the system's own error where it cannot be read now but perhaps later. */
export async function readStateFile(file: string): Promise<string> {
  const handle = await openOrdinary(file);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new DamagedFile('it is no ordinary file');
    if (status.size > maximumStateFileBytes) throw new DamagedFile(`it has ${status.size} bytes of at most ${maximumStateFileBytes}`);
    return decode(await handle.readFile());
  } finally {
    await handle.close();
  }
}

/** Removes what a writer left that died before its rename (writeAtomic). For the folder's owner, before it writes. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\..+\.[0-9a-f]{12}\.new$/.test(name)) await rm(path.join(folder, name), { force: true });
  }
}

async function openOrdinary(file: string): Promise<FileHandle> {
  const kinds: Readonly<Record<string, string>> = { ELOOP: 'it is a symbolic link', ENXIO: 'it is a socket' };
  try {
    // Windows knows neither flag: `undefined` counts as 0 there.
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const kind = isSystemError(error) ? kinds[error.code] : undefined;
    throw kind === undefined ? error : new DamagedFile(kind, { cause: error });
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DamagedFile('it is not UTF-8', { cause: error });
  }
}
