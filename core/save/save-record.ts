/**
 * What a driver that finds a save under way must know of it: there from before QEMU's migration is set for the save until
 * the guest goes on or is gone.
 */
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, writeAtomic } from '../base/atomic-file.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { saveRecordFile } from '../process/save-record-file.ts';
import { migrationSettingsSchema } from './migration-settings.ts';

const saveRecordSchema = z.object({
  file: z.string(),
  /** What is written; it becomes `file` when it is complete. */
  part: z.string(),
  /** The guest ran before: its CPUs start again where the save comes to nothing. */
  resumes: z.boolean(),
  /** The image is the domain's own, which its next start takes. */
  managed: z.boolean(),
  settings: migrationSettingsSchema,
});
export type SaveRecord = z.infer<typeof saveRecordSchema>;

export async function writeSaveRecord(live: LiveDomain, record: SaveRecord): Promise<void> {
  await writeAtomic(saveRecordFile(live.facts.runFolder), JSON.stringify(record));
}

/** Null where there is none, or none that makes sense: then nothing is known of a save. */
export async function readSaveRecord(live: LiveDomain): Promise<SaveRecord | null> {
  try {
    const text = await readTextIfThere(saveRecordFile(live.facts.runFolder));
    return text === null ? null : (saveRecordSchema.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    return null;
  }
}

export async function removeSaveRecord(live: LiveDomain): Promise<void> {
  await rm(saveRecordFile(live.facts.runFolder), { force: true }).catch(() => {}); // it goes with the run's folder at the latest
}
