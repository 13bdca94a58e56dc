/**
 * Where the bytes of an image are: the `type` attribute and the `<source>` that it decides about. Disks, the layers
 * below them, mirrors and data files are read by the same declaration.
 */
import { attribute, child, type Codec, type Infer, object, optional, union } from '../../conf/codec/codec.ts';
import { hexadecimal, integer, oneOf, someText, unsigned, yesNo } from '../../conf/codec/scalar.ts';
import { byteSize } from './byte-size.ts';
import { networkSourceCodec } from './network-source.ts';
import { absolutePath, objectName } from './storage-words.ts';
import { encryptionField, type ExtraFields, indexField, pathAttribute, reservationsField, seclabelsField, sliceField, startupPolicyField } from './source-fields.ts';

/** libvirt's names of image formats; some of them QEMU calls otherwise or cannot open. */
export const storageFormats = [
  'raw', 'dir', 'bochs', 'cloop', 'dmg', 'iso', 'vpc', 'vdi', 'fat', 'vhd', 'ploop', 'luks', 'cow', 'qcow', 'qcow2', 'qed', 'vmdk',
] as const;
export type StorageFormat = (typeof storageFormats)[number];

const pciCodec = object({
  domain: optional(attribute('domain', hexadecimal(4, 0xffff))),
  bus: attribute('bus', hexadecimal(2, 0xff)),
  slot: attribute('slot', hexadecimal(2, 0x1f)),
  function: attribute('function', hexadecimal(1, 7)),
});

/** Absent, or `yes` with the seconds between attempts. */
const reconnectCodec = object({ enabled: attribute('enabled', yesNo), timeoutSeconds: optional(attribute('timeout', unsigned)) });

/** `extra` ends every source that QEMU opens itself. */
function backendCodec<const E extends ExtraFields>(extra: E) {
  const ending = { ...encryptionField, ...extra } as const;
  const placed = { ...startupPolicyField, ...indexField, ...sliceField, ...seclabelsField } as const;
  const local = { ...placed, ...ending } as const;
  const source = <T extends object>(codec: Codec<T>) => object({ source: optional(child('source', codec)) });
  return union('type', {
    file: source(object({ file: pathAttribute('file'), fdgroup: optional(attribute('fdgroup', someText)), ...local })),
    block: source(object({ dev: pathAttribute('dev'), ...placed, ...encryptionField, ...reservationsField, ...extra })),
    dir: source(object({ dir: pathAttribute('dir'), ...local })),
    network: source(networkSourceCodec(extra)),
    volume: source(object({
      pool: optional(attribute('pool', objectName)), volume: optional(attribute('volume', objectName)),
      mode: optional(attribute('mode', oneOf(['host', 'direct']))), ...local,
    })),
    nvme: source(object({
      type: attribute('type', oneOf(['pci'])), managed: optional(attribute('managed', yesNo)), namespace: attribute('namespace', integer(0, 0xffff_ffff)),
      address: child('address', pciCodec), ...local,
    })),
    vhostuser: source(object({
      type: attribute('type', oneOf(['unix'])), path: attribute('path', absolutePath), ...indexField,
      reconnect: optional(child('reconnect', reconnectCodec)),
    })),
    vhostvdpa: source(object({ dev: attribute('dev', absolutePath), ...indexField })),
  }, 'file');
}

/** An image that holds the guest's bytes for a qcow2 that holds only the map. */
const dataStoreCodec = object({ format: child('format', object({ type: attribute('type', oneOf(storageFormats)) })), backend: backendCodec({}) });

/** A drive's source, which may be absent: no medium. */
export const driveBackendCodec = backendCodec({ dataStore: optional(child('dataStore', dataStoreCodec)) });

/** `<metadata_cache><max_size unit='bytes'>` */
export const metadataCacheField = {
  metadataCacheBytes: optional(child('metadata_cache', optional(child('max_size', byteSize)))),
} as const;

export const formatCodec = object({ type: attribute('type', oneOf(storageFormats)), ...metadataCacheField });

/** One image below the disk's own. */
export const storageLayerCodec = object({
  format: child('format', formatCodec),
  backend: driveBackendCodec,
  ...indexField,
});

export type DriveBackend = Infer<typeof driveBackendCodec>;
export type BackendType = DriveBackend['type'];
export type BackendOf<T extends BackendType> = Extract<DriveBackend, { readonly type: T }>;
export type DriveSource = NonNullable<DriveBackend['source']>;
export type StorageLayer = Infer<typeof storageLayerCodec>;
export type DataStore = Infer<typeof dataStoreCodec>;
export type PciSource = Infer<typeof pciCodec>;

