/** A verdict on an accelerator as it is kept: one file for each binary, good for one boot and one device of the host. */
import path from 'node:path';
import { z } from 'zod';
import { makePrivateFolder, readTextIfThere, writeAtomic } from '../base/atomic-file.ts';
import type { Log } from '../base/log.ts';

const stored = z.object({
  format: z.literal(1),
  /** The host that it was found on. */
  identity: z.string(),
  accelerator: z.enum(['kvm', 'hvf', 'whpx', 'tcg']),
  reason: z.string(),
});

export type KeptVerdict = Pick<z.infer<typeof stored>, 'accelerator' | 'reason'>;

/** The verdict on this host; null where there is none, and where the file is damaged or of another boot. */
export async function readVerdict(folder: string, capabilitiesKey: string, identity: string): Promise<KeptVerdict | null> {
  try {
    const parsed = stored.safeParse(JSON.parse((await readTextIfThere(fileOf(folder, capabilitiesKey))) ?? 'null'));
    if (!parsed.success || parsed.data.identity !== identity) return null;
    return { accelerator: parsed.data.accelerator, reason: parsed.data.reason };
  } catch {
    return null; // a file that cannot be read costs one more trial
  }
}

/** A verdict that cannot be kept costs a trial at the next start of the driver: no reason to fail. */
export async function writeVerdict(folder: string, capabilitiesKey: string, identity: string, verdict: KeptVerdict, log: Log): Promise<void> {
  const { accelerator, reason } = verdict;
  try {
    await makePrivateFolder(folder);
    await writeAtomic(fileOf(folder, capabilitiesKey), JSON.stringify({ format: 1, identity, accelerator, reason }));
  } catch (error) {
    log.write('warning', 'the verdict on the accelerator could not be kept', { error: String(error) });
  }
}

const fileOf = (folder: string, capabilitiesKey: string): string => path.join(folder, `${capabilitiesKey}.accelerator.json`);
