/** Which images a domain opens, and whether it must be the only one that does. */
import { VireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type DiskImage, dataStoreOf, imageOfDataStore, imagesOf } from '../devices/disk/disk-images.ts';
import type { Disk } from '../devices/disk/disk-definition.ts';
import type { LeaseMode } from '../domain/image-lease.ts';
import { imageIdentity } from './image-identity.ts';
import type { LeaseFolder } from './lease-folder.ts';

export interface WantedImage {
  readonly image: string;
  readonly target: string;
  readonly mode: LeaseMode;
}

/** One lease, for all disks of a domain that use the image. */
export interface WantedLease extends WantedImage {
  /** The image's name among the leases. */
  readonly identity: string;
}

/**
 * Every file and device of the disks with all that lies below them, as far as it is known. What is written is exclusive;
 * read-only disks and what lies below an image are shared, and so is what its guests agreed to write together.
 */
export function wantedImages(definition: DomainDefinition): readonly WantedImage[] {
  return devicesOf(definition.devices, 'disk').flatMap((disk) => imagesOf(disk).flatMap((image) => [image, ...dataFileOf(image)].flatMap((each) => wanted(disk, each))));
}

function dataFileOf(image: DiskImage): readonly DiskImage[] {
  const store = dataStoreOf(image);
  return store ? [imageOfDataStore(store, image.readonly)] : [];
}

function wanted({ target, shareable }: Disk, { backend, readonly }: DiskImage): readonly WantedImage[] {
  const image = backend.type === 'file' ? backend.source?.file : backend.type === 'block' ? backend.source?.dev : null;
  return image ? [{ image, target: target.dev, mode: readonly || shareable ? 'shared' : 'exclusive' }] : [];
}

/**
 * The leases of a domain, each once. What is not there is left to whoever says what is missing.
 * @throws CONFIG_UNSUPPORTED where one of its disks writes what another one uses.
 */
export async function wantedLeases(images: readonly WantedImage[], folder: LeaseFolder): Promise<readonly WantedLease[]> {
  const identities = await Promise.all(images.map(({ image }) => imageIdentity(image, folder)));
  const leases = new Map<string, WantedLease>();
  for (const [at, wantedImage] of images.entries()) {
    const identity = identities[at] ?? null;
    if (identity === null) continue;
    const known = leases.get(identity);
    if (known && (known.mode === 'exclusive' || wantedImage.mode === 'exclusive')) throw usedTwice(known, wantedImage);
    if (!known) leases.set(identity, { ...wantedImage, identity });
  }
  return [...leases.values()];
}

function usedTwice(one: WantedImage, other: WantedImage): VireoError {
  const same = one.image === other.image ? `image '${one.image}'` : `image, as '${one.image}' and as '${other.image}'`;
  const text = one.target === other.target ? `disk '${one.target}' uses the same ${same} twice and writes it` : `disks '${one.target}' and '${other.target}' use the same ${same}, and one of them writes it; only disks that are all <shareable/> or all <readonly/> may`;
  return new VireoError('CONFIG_UNSUPPORTED', text, { details: { image: one.image, targets: [...new Set([one.target, other.target])] } });
}
