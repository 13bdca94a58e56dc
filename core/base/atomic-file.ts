/**
 * Files that are whole or absent: write beside, fsync, rename over, fsync the folder. After a power cut a reader sees
 * the old content or the new one.
 */
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';

export async function writeAtomic(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${randomUUID().slice(-12)}.new`);
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The file's text, or null where there is none. */
export async function readTextIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Removes a file so that it stays removed after a power cut; one that is absent is no error. */
export async function removeDurably(file: string): Promise<void> {
  await rm(file, { force: true });
  await syncFolder(path.dirname(file)).catch(() => {}); // the folder itself may be gone
}

export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

interface FolderSyncs {
  running: Promise<void>;
  /** Begins when the running one has ended; serves all who come until then. */
  next: Promise<void> | null;
}

const folderSyncs = new Map<string, FolderSyncs>();

/**
 * Resolves after a sync of the folder that began after this call: what was renamed before is durable then. Writers that
 * come while one runs share the next, so that a thousand files cost far less than a thousand syncs of their folder.
 */
export function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return Promise.resolve(); // a folder cannot be opened for fsync there
  const syncs = folderSyncs.get(folder);
  if (!syncs) {
    const first: FolderSyncs = { running: Promise.resolve(), next: null };
    folderSyncs.set(folder, first);
    return runSync(folder, first);
  }
  const run = (): Promise<void> => runSync(folder, syncs);
  syncs.next ??= syncs.running.then(run, run); // a failure is told to those who waited for that sync
  return syncs.next;
}

function runSync(folder: string, syncs: FolderSyncs): Promise<void> {
  syncs.next = null;
  syncs.running = syncNow(folder).finally(() => {
    if (syncs.next === null) folderSyncs.delete(folder);
  });
  return syncs.running;
}

async function syncNow(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
