/** What a driver that finds a migration half done must know of its source: a file beside the run's folder, there from before anything is changed. */
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, writeAtomic } from '../../base/atomic-file.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import { migrationRecordFile } from '../../process/migration-record-files.ts';
import { migrationOptionsSchema } from '../migration-options.ts';
import { migrationSettingsSchema } from '../qemu/apply-setup.ts';

const outgoingRecordSchema = z.object({
  options: migrationOptionsSchema,
  /** Where it goes, for people; null where a client leads and nobody said. */
  peer: z.string().nullable(),
  /** The guest ran: it runs again, however the migration ends here. */
  wasRunning: z.boolean(),
  /** What QEMU was set to before; null before it was touched. */
  before: migrationSettingsSchema.nullable(),
});
export type OutgoingRecord = z.infer<typeof outgoingRecordSchema>;

function fileOf(live: LiveDomain): string {
  return migrationRecordFile(live.facts.runFolder, 'source');
}

export async function writeOutgoingRecord(live: LiveDomain, record: OutgoingRecord): Promise<void> {
  await live.during(writeAtomic(fileOf(live), JSON.stringify(record)));
}

/** Null where there is none, or none that makes sense: then nothing is known of a migration. */
export async function readOutgoingRecord(live: LiveDomain): Promise<OutgoingRecord | null> {
  try {
    const text = await readTextIfThere(fileOf(live));
    return text === null ? null : (outgoingRecordSchema.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    return null;
  }
}

export async function removeOutgoingRecord(live: LiveDomain): Promise<void> {
  await rm(fileOf(live), { force: true }).catch(() => {}); // it goes with the run's folder at the latest
}
