/** The secrets that a disk's images name, looked up before QEMU is started. */
import type { SecretNeed, SecretReference } from '../../secret/secret-reference.ts';
import type { Disk } from './disk-definition.ts';
import { dataStoreOf, type DiskImage, imageOfDataStore, imagesOf } from './disk-images.ts';
import type { StorageAuth } from './storage-encryption.ts';

export function diskSecrets(disk: Disk): readonly SecretNeed[] {
  return imagesOf(disk).flatMap((image) => {
    const store = dataStoreOf(image);
    return [...secretsOf(image), ...(store ? secretsOf(imageOfDataStore(store, image.readonly)) : [])];
  });
}

function secretsOf(image: DiskImage): readonly SecretNeed[] {
  const auth = image.auth && image.backend.type === 'network' ? [authNeed(image, image.auth)] : [];
  return [...auth, ...(image.encryption?.secrets ?? []).map(({ reference }) => encryptionNeed(reference))];
}

export function encryptionNeed(reference: SecretReference): SecretNeed {
  return { use: 'volume', reference };
}

/** As libvirt: a usage text is looked up among those of Ceph for rbd, of iSCSI for all other protocols. */
export function authNeed({ backend }: DiskImage, { secret: { reference } }: StorageAuth): SecretNeed {
  return { use: backend.type === 'network' && backend.source?.protocol === 'rbd' ? 'ceph' : 'iscsi', reference };
}
