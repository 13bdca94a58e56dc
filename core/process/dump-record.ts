/**
 * What a driver that finds a dump under way must know of it: a file beside the run's folder, there from before the guest is
 * paused for the dump until it goes on.
 */
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere, writeAtomic } from '../base/atomic-file.ts';
import type { LiveDomain } from '../domain/live-domain.ts';

const dumpRecordSchema = z.object({
  file: z.string(),
  /** Where QEMU writes; it becomes `file` when it is complete. */
  part: z.string(),
  /** The guest ran before: its CPUs start again, however the dump ends. */
  resumes: z.boolean(),
  /** What is done with the guest after a dump that is complete. */
  afterwards: z.enum(['nothing', 'crash', 'reset']),
  cause: z.enum(['asked', 'panic', 'watchdog']),
  /** It is complete; the record stays until its cause has been dealt with, so that nobody dumps the same crash again. */
  finished: z.boolean(),
});
export type DumpRecord = z.infer<typeof dumpRecordSchema>;

/** Beside the run's folder, which may be another user's while QEMU runs: what stands here is removed as whoever this driver is. */
export function dumpRecordFile(runFolder: string): string {
  return `${runFolder}.dump.json`;
}

function fileOf(live: LiveDomain): string {
  return dumpRecordFile(live.facts.runFolder);
}

export async function writeDumpRecord(live: LiveDomain, record: DumpRecord): Promise<void> {
  await writeAtomic(fileOf(live), JSON.stringify(record));
}

/** Null where there is none, or none that makes sense: then nothing is known of a dump. */
export async function readDumpRecord(live: LiveDomain): Promise<DumpRecord | null> {
  try {
    const text = await readTextIfThere(fileOf(live));
    return text === null ? null : (dumpRecordSchema.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    return null;
  }
}

export async function removeDumpRecord(live: LiveDomain): Promise<void> {
  await rm(fileOf(live), { force: true }).catch(() => {}); // it goes with the run's folder at the latest
}
