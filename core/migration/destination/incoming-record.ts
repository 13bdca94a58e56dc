/** What a driver that finds a guest on its way here must know of it: beside the run's folder, gone with it. */
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, writeAtomic } from '../../base/atomic-file.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import { migrationRecordFile } from '../../process/migration-record-files.ts';
import { migrationOptionsSchema } from '../migration-options.ts';

const incomingRecordSchema = z.object({
  version: z.literal(1),
  /** The domain's name on the source: its cookies say so (I11). */
  sourceName: z.string(),
  /** The other host, for people. */
  peer: z.string().nullable(),
  options: migrationOptionsSchema,
  /** Left paused, whatever the source said. */
  paused: z.boolean(),
  /** The definition for the next boot, where the guest is to be kept; null before Finish. */
  persistentXml: z.string().nullable(),
  /** What was kept for the next boot before, for whoever has to take that back; null before Finish. */
  before: z.object({ xml: z.string().nullable() }).nullable(),
  /** A socket that QEMU listens at by a name that the user chose. */
  socket: z.string().nullable(),
});
export type IncomingRecord = z.infer<typeof incomingRecordSchema>;

export async function writeIncomingRecord(live: LiveDomain, record: Omit<IncomingRecord, 'version'>): Promise<void> {
  await writeAtomic(migrationRecordFile(live.facts.runFolder, 'destination'), JSON.stringify({ version: 1, ...record }));
}

/** Null where there is none, or none that makes sense. */
export async function readIncomingRecord(live: LiveDomain): Promise<IncomingRecord | null> {
  try {
    const text = await readTextIfThere(migrationRecordFile(live.facts.runFolder, 'destination'));
    return text === null ? null : (incomingRecordSchema.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    return null;
  }
}

export async function removeIncomingRecord(live: LiveDomain): Promise<void> {
  await rm(migrationRecordFile(live.facts.runFolder, 'destination'), { force: true }).catch(() => {}); // it goes with the run's folder at the latest
}
