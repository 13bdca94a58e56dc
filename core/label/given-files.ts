/**
 * The files that one run was given, written down beside the run's folder and not in it: that folder is QEMU's while it
 * runs, and nothing that QEMU could write may tell a driver that is root whose files to change. Whoever removes the
 * folder gives them back first: the end of a run, a start that failed, or the next driver.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, removeDurably, writeAtomic } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type MetadataLocking, withMetadataLock } from '../lock/metadata-lock.ts';
import type { Owner } from './identity.ts';
import { findFile, OwnerLedger } from './owner-ledger.ts';

const keySchema = z.string().regex(/^[0-9a-f]+-[0-9a-f]+$/);
const recordSchema = z.object({
  version: z.literal(1),
  ledger: z.string(),
  run: z.string(),
  keys: z.array(keySchema),
  /** For the metadata locks of those that change an owner back: where they lie, and for whom they are held. */
  locking: z.object({ lockManager: z.enum(['lease', 'none']), leaseFolder: z.string().nullable(), stateFolder: z.string(), domain: z.object({ name: z.string(), uuid: z.string() }) }),
});
type GivenRecord = z.infer<typeof recordSchema>;

function recordFile(runFolder: string): string {
  return `${runFolder}.owners.json`;
}

export interface Giving {
  readonly ledgerFolder: string;
  readonly runFolder: string;
  /** Told to whoever is refused meanwhile. */
  readonly domain: { readonly name: string; readonly uuid: string };
  readonly locking: MetadataLocking;
  readonly signal: AbortSignal;
}

/**
 * Gives each file to its owner until `takeFilesBack`, which the caller owes also where this throws.
 * @throws OPERATION_INVALID where another domain has one under another owner; SYSTEM_ERROR.
 */
export async function giveFiles({ ledgerFolder, runFolder, domain, locking, signal }: Giving, files: readonly { readonly path: string; readonly owner: Owner }[]): Promise<void> {
  const found = (await Promise.all(files.map(async ({ path, owner }) => ({ file: await findFile(path), owner })))).flatMap(({ file, owner }) => (file ? [{ file, owner }] : []));
  if (found.length === 0) return;
  const before = await readRecord(runFolder); // a run is given more when something is plugged in
  const keys = new Set([...(before?.keys ?? []), ...found.map(({ file }) => file.key)]);
  const record: GivenRecord = { version: 1, ledger: before?.ledger ?? ledgerFolder, run: before?.run ?? runFolder, keys: [...keys], locking: { lockManager: locking.settings.lockManager, leaseFolder: locking.settings.leaseFolder, stateFolder: locking.stateFolder, domain: { name: domain.name, uuid: domain.uuid } } };
  await writeAtomic(recordFile(runFolder), JSON.stringify(record));
  const ledger = new OwnerLedger(record.ledger);
  await ledger.whileAlone(locking.clock, async () => {
    for (const { file, owner } of found) await withMetadataLock(locking, file.real, { signal, domain }, () => ledger.give(file, owner, { run: record.run, name: domain.name }));
  });
}

/** An owner is given back in any case; the lock has a deadline of its own. */
const never = new AbortController().signal;

/** Gives back what the run in this folder was given, and takes the folder itself back. Never throws: the run ends all the same. */
export async function takeFilesBack(runFolder: string, clock: Clock, log: Log): Promise<void> {
  try {
    await takeFolderBack(runFolder);
    const record = await readRecord(runFolder);
    if (!record) return;
    const ledger = new OwnerLedger(record.ledger);
    const { domain, stateFolder, ...settings } = record.locking;
    const takeBack = async (key: string): Promise<void> => {
      const file = await ledger.pathOf(key);
      if (file !== null) await withMetadataLock({ clock, stateFolder, settings }, file, { signal: never, domain }, () => ledger.takeBack(key, record.run));
    };
    await ledger.whileAlone(clock, async () => {
      for (const key of record.keys) await takeBack(key).catch((error: unknown) => log.write('warning', "an image's owner could not be restored", { key, error: String(error) }));
    });
    await removeDurably(recordFile(runFolder));
  } catch (error) {
    log.write('error', 'the owners of the images of a run could not be restored', { folder: runFolder, error: String(error) });
  }
}

/** From here on nobody else can put anything in the place of what is about to be removed in it. */
async function takeFolderBack(runFolder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const handle = await open(runFolder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(() => null);
  try {
    if (handle && (await handle.stat()).uid !== 0) await handle.chown(0, 0);
  } finally {
    await handle?.close();
  }
}

async function readRecord(runFolder: string): Promise<GivenRecord | null> {
  const text = await readTextIfThere(recordFile(runFolder));
  return text === null ? null : recordSchema.parse(JSON.parse(text));
}
