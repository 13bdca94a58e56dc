/** The form of `<disk>` in a definition, in libvirt's order, and what is read off it everywhere: its source. */
import { attribute, child, childFlag, childText, type Codec, type Infer, liveOnly, mapped, object, optional, withDefault } from '../../conf/codec/codec.ts';
import { listWithin } from '../../conf/codec/shorthands.ts';
import { oneOf, onOff, pattern, positive, type Scalar, someText, unsigned, yesNo } from '../../conf/codec/scalar.ts';
import { bootField } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { pciFields } from '../pci-fields.ts';
import { backingChainCodec } from './backing-chain.ts';
import { diskDriverCodec } from './disk-driver.ts';
import { ioTuneCodec } from './io-tune.ts';
import { pathAttribute } from './source-fields.ts';
import { authCodec, encryptionCodec } from './storage-encryption.ts';
import { driveBackendCodec, formatCodec, storageFormats } from './storage-source.ts';

export const diskBuses = ['virtio', 'sata', 'ide', 'scsi', 'usb', 'fdc', 'sd', 'xen', 'uml'] as const;

/** 0 is how some say that nothing is set. */
function count(name: string): Codec<number | null> {
  return mapped(optional(attribute(name, unsigned)), (value) => (value === 0 ? null : value), (value) => value);
}

/** What a block job copies the disk to; only a run has one. */
const mirrorCodec = object({
  format: optional(child('format', formatCodec)),
  backend: driveBackendCodec,
  /** The form of old: the copy's path and format as attributes of the element itself. */
  file: pathAttribute('file'),
  oldFormat: optional(attribute('format', oneOf(storageFormats))),
  job: optional(attribute('job', oneOf(['copy', 'active-commit']))),
  ready: optional(attribute('ready', oneOf(['yes', 'abort', 'pivot']))),
  chain: backingChainCodec,
});

/** Xen's `ioemu:` before a name says nothing to QEMU. */
const targetName: Scalar<string> = {
  ...pattern(/^(fd|hd|sd|vd|xvd|ubd)[a-zA-Z0-9_]{1,32}$/, 'a name such as vda, sdb or hdc'),
  parse: (text) => /^(?:ioemu:)?((?:fd|hd|sd|vd|xvd|ubd)[a-zA-Z0-9_]{1,32})$/.exec(text)?.[1],
};

const targetCodec = object({
  dev: attribute('dev', targetName),
  bus: optional(attribute('bus', oneOf(diskBuses))),
  /** Closed is what a tray is unless something else is said. */
  tray: mapped(optional(attribute('tray', oneOf(['open', 'closed']))), (word) => (word === 'closed' ? null : word), (word) => word),
  removable: optional(attribute('removable', onOff)),
  rotationRate: count('rotation_rate'),
});

export const diskCodec = object({
  driver: optional(child('driver', diskDriverCodec)),
  /** Where old definitions have it; newer ones say it in the source. */
  auth: optional(child('auth', authCodec)),
  backend: driveBackendCodec,
  device: withDefault(attribute('device', oneOf(['disk', 'cdrom', 'floppy', 'lun'])), 'disk'),
  model: optional(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional']))),
  rawio: optional(attribute('rawio', yesNo)),
  sgio: optional(attribute('sgio', oneOf(['filtered', 'unfiltered']))),
  snapshot: optional(attribute('snapshot', oneOf(['no', 'internal', 'external', 'manual']))),
  chain: backingChainCodec,
  backendDomain: optional(child('backenddomain', attribute('name', someText))),
  geometry: optional(child('geometry', object({
    cylinders: attribute('cyls', positive), heads: attribute('heads', positive), sectors: attribute('secs', positive),
    translation: optional(attribute('trans', oneOf(['auto', 'none', 'lba']))),
  }))),
  blockio: optional(child('blockio', object({
    logicalBlockBytes: count('logical_block_size'), physicalBlockBytes: count('physical_block_size'), discardGranularityBytes: count('discard_granularity'),
  }))),
  mirror: liveOnly(optional(child('mirror', mirrorCodec))),
  target: child('target', targetCodec),
  iotune: ioTuneCodec,
  /** Names of the domain's throttle groups, the innermost first. */
  throttleFilters: listWithin('throttlefilters', 'throttlefilter', object({ group: attribute('group', someText) })),
  readonly: childFlag('readonly'),
  shareable: childFlag('shareable'),
  transient: optional(child('transient', object({ shareBacking: optional(attribute('shareBacking', yesNo)) }))),
  serial: optional(childText('serial', pattern(/^[\w .+-]{1,247}$/, 'letters, digits, spaces and ". _ + -"'))),
  wwn: optional(childText('wwn', pattern(/^(0x)?[0-9a-fA-F]{16}$/, '16 hexadecimal digits'))),
  vendor: optional(childText('vendor', pattern(/^[ -~]{0,8}$/, 'up to 8 characters that can be printed'))),
  product: optional(childText('product', pattern(/^[ -~]{0,40}$/, 'up to 40 characters that can be printed'))),
  /** Where old definitions have it; newer ones say it in the source. */
  encryption: optional(child('encryption', encryptionCodec)),
  ...bootField,
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    disk: Infer<typeof diskCodec>;
  }
}

export type Disk = DeviceOf<'disk'>;
export type DiskMirror = NonNullable<Disk['mirror']>;

/** The path of the host's file, device or folder, null for what has none: an empty drive, network storage. */
export function diskSource({ backend }: Pick<Disk, 'backend'>): string | null {
  switch (backend.type) {
    case 'file':
      return backend.source?.file ?? null;
    case 'block':
    case 'vhostvdpa':
      return backend.source?.dev ?? null;
    case 'dir':
      return backend.source?.dir ?? null;
    case 'vhostuser':
      return backend.source?.path ?? null;
    case 'network':
    case 'volume':
    case 'nvme':
      return null;
  }
}

/** Whether there is no medium in the drive. */
export function isEmptyDrive({ backend }: Pick<Disk, 'backend'>): boolean {
  switch (backend.type) {
    case 'file':
    case 'block':
    case 'dir':
      return diskSource({ backend }) === null;
    case 'volume':
      return (backend.source?.pool ?? null) === null;
    default:
      return backend.source === null;
  }
}
