/**
 * QEMU's own lock on an image, which it takes beside the lease: it names the image but not who has it. What it says is
 * put into the words of a lease that is refused.
 */
import type { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { HostSettings } from '../status/host-settings.ts';
import { imageIdentity } from './image-identity.ts';
import { leaseFolderOf } from './lease-folder.ts';
import { holdersOf } from './lease-record.ts';
import { refusal, refusalByProcesses } from './lease-refusal.ts';
import { processesWithOpen } from './open-files.ts';
import { wantedImages } from './wanted-images.ts';
import path from 'node:path';

/** block/file-posix.c and block/io.c of QEMU 7.2: the lock that failed, then the image in brackets. */
const lockFailed = /Failed to get (?:shared )?"[^"]*" lock/;
const imageNamed = /Is another process using the image \[([^\]]+)\]\?/;

/** Who has the image that QEMU says is locked; null where its words are about something else. */
export async function imageInUse(settings: Pick<HostSettings, 'leaseFolder'>, definition: DomainDefinition, stderr: string): Promise<VireoError | null> {
  const image = lockFailed.test(stderr) ? imageNamed.exec(stderr)?.[1] : undefined;
  if (image === undefined) return null;
  const wanted = wantedImages(definition).find((each) => each.image === image) ?? { image, target: 'unknown', mode: 'exclusive' as const };
  const folder = leaseFolderOf(settings);
  const identity = await imageIdentity(image, folder);
  const holders = identity === null ? [] : (await holdersOf(path.join(folder.path, `${identity}.lease`))).filter(({ pid }) => pid !== process.pid);
  if (holders.length > 0) return refusal(wanted, holders);
  return refusalByProcesses(wanted, await processesWithOpen(image), { stderr });
}
