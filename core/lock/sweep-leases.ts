/**
 * What drivers that were killed have left in the lease folder: the kernel gave their locks back, but their files are still
 * there. Whoever takes the same image next removes them; for an image that nobody takes again the next driver of the same
 * state folder does.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ProcessContext } from '../process/process-context.ts';
import { advisoryLocks } from './advisory-lock.ts';
import { leaseFolderOf } from './lease-folder.ts';
import { readRecord, removeRecord, whetherAlive } from './lease-record.ts';
import { removeIfFree } from './lock-file.ts';

/** A lease or metadata lock, or a record beside one, or the beginning of a record. */
const leaseName = /^(.+\.(?:lease|metadata))(?:\.[\da-f]+\.json(\.new)?)?$/;

/** Never throws: what stays harms nobody. What another state folder has left goes where its lease is free, that of computers that share the folder is theirs. */
export async function sweepLeases({ settings, stateFolder, log }: Pick<ProcessContext, 'settings' | 'stateFolder' | 'log'>): Promise<void> {
  if (settings.lockManager === 'none') return;
  const folder = leaseFolderOf(settings).path;
  try {
    const locks = await advisoryLocks();
    const held = new Set<string>();
    const seen = new Set<string>();
    for (const name of await readdir(folder).catch(() => [])) {
      const [, lease, unfinished] = leaseName.exec(name) ?? [];
      if (lease === undefined) continue;
      seen.add(lease);
      if (name === lease || unfinished !== undefined) continue;
      const record = path.join(folder, name);
      const holder = await readRecord(record);
      if (holder && (await whetherAlive(holder)) !== 'dead') held.add(lease);
      else if (holder?.stateFolder === stateFolder) await removeRecord(record); // its lease may be shared, and held
    }
    // Of those that nobody says to have some are just being taken; those are locked, and stay.
    if (locks) for (const lease of seen) if (!held.has(lease)) await removeIfFree(locks, path.join(folder, lease));
  } catch (error) {
    log.write('warning', 'old leases could not be looked at', { folder, error: String(error) });
  }
}
