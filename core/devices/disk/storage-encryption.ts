/** Who may read a storage source: `<auth>`, `<encryption>` and `<reservations>`, with the names of their secrets. */
import { attribute, child, children, type Codec, type Infer, object, optional } from '../../conf/codec/codec.ts';
import { oneOf, positive, someText, yesNo } from '../../conf/codec/scalar.ts';
import { secretReference } from '../../secret/secret-reference.ts';
import { absolutePath, objectName } from './storage-words.ts';

const cipherWord = optional(attribute('mode', someText));
const hash = optional(attribute('hash', someText));

/** Read and written; left out of definitions that are made up, where it would be refused. */
function neverMadeUp<T>(codec: Codec<T | null>): Codec<T | null> {
  return { ...codec, shape: { type: 'constant', value: null } };
}

/** The user of a network source. */
export const authCodec = object({
  /** A word of storage pools, which says nothing here. */
  type: neverMadeUp(optional(attribute('type', oneOf(['none', 'chap', 'ceph'])))),
  username: attribute('username', objectName),
  secret: child('secret', object({ type: attribute('type', oneOf(['ceph', 'iscsi'])), reference: secretReference })),
});

export const encryptionCodec = object({
  format: attribute('format', oneOf(['default', 'qcow', 'luks', 'luks2', 'luks-any'])),
  /** Null until the definition is completed: qemu. */
  engine: optional(attribute('engine', oneOf(['qemu', 'librbd']))),
  secrets: children('secret', object({ type: attribute('type', oneOf(['passphrase'])), reference: secretReference })),
  /** These two are for making volumes, and refused for a disk of a domain. */
  cipher: neverMadeUp(optional(child('cipher', object({ name: attribute('name', someText), size: attribute('size', positive), mode: cipherWord, hash })))),
  ivgen: neverMadeUp(optional(child('ivgen', object({ name: attribute('name', someText), hash })))),
});

/** SCSI persistent reservations: through a helper of the run (managed) or one that somebody else runs. */
export const reservationsCodec = object({
  managed: optional(attribute('managed', yesNo)),
  source: optional(child('source', object({
    type: attribute('type', oneOf(['unix'])),
    path: attribute('path', absolutePath),
    mode: attribute('mode', oneOf(['client', 'server'])),
  }))),
});

export type StorageAuth = Infer<typeof authCodec>;
export type StorageEncryption = Infer<typeof encryptionCodec>;
export type Reservations = Infer<typeof reservationsCodec>;
