/**
 * Files that were made for a guest that has not run here yet: the images that a migration copies disks into. They are
 * written down beside the run's folder before they are made, and go with it, however the run ends, until the guest is
 * about to run; from then on they are its disks and nobody's to remove.
 */
import { lstat, rm } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, removeDurably, writeAtomic } from '../base/atomic-file.ts';
import type { Log } from '../base/log.ts';

const madeFileSchema = z.object({
  file: z.string(),
  kind: z.enum(['image', 'socket']),
  /** Device and inode, once it is made: what others have put in its place is not ours. */
  identity: z.string().nullable(),
});
export type MadeFile = z.infer<typeof madeFileSchema>;

const recordSchema = z.object({ version: z.literal(1), files: z.array(madeFileSchema).max(1024) });

/** Beside the folder, which may be another user's while QEMU runs: what stands here is removed as whoever this driver is. */
function recordFile(runFolder: string): string {
  return `${runFolder}.images.json`;
}

/** Replaces what was written down before. */
export async function writeMadeFiles(runFolder: string, files: readonly MadeFile[]): Promise<void> {
  await writeAtomic(recordFile(runFolder), JSON.stringify({ version: 1, files }));
}

/** Adds to what is written down. */
export async function addMadeFile(runFolder: string, file: MadeFile): Promise<void> {
  await writeMadeFiles(runFolder, [...(await readMadeFiles(runFolder)), file]);
}

/** The guest is about to run here: they are its disks from its first instruction on. @returns what was forgotten, for a guest that never ran after all. */
export async function keepMadeFiles(runFolder: string): Promise<readonly MadeFile[]> {
  const files = await readMadeFiles(runFolder);
  if (files.length > 0) await removeDurably(recordFile(runFolder)); // nor may a power cut bring it back
  return files;
}

/** Removes what was made for a guest that never ran here. QEMU is gone already. Never throws; does nothing where nothing was made. */
export async function discardMadeFiles(runFolder: string, log: Log): Promise<void> {
  try {
    for (const made of await readMadeFiles(runFolder)) if (await isOurs(made)) await rm(made.file, { force: true });
    await rm(recordFile(runFolder), { force: true });
  } catch (error) {
    log.write('warning', 'images that were made for a migration could not be removed', { folder: runFolder, error: String(error) });
  }
}

async function readMadeFiles(runFolder: string): Promise<readonly MadeFile[]> {
  const text = await readTextIfThere(recordFile(runFolder));
  return text === null ? [] : recordSchema.parse(JSON.parse(text)).files;
}

async function isOurs({ file, kind, identity }: MadeFile): Promise<boolean> {
  const facts = await lstat(file, { bigint: true }).catch(() => null);
  if (!facts) return false;
  if (kind === 'socket') return facts.isSocket();
  // Made, but its driver was killed before it could say which one it is.
  if (identity === null) return facts.isFile() && facts.size === 0n;
  return identity === fileIdentity(facts);
}

export function fileIdentity({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}
