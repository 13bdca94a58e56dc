/** The form of `<disk>` in a definition, and what is read off it everywhere: its source. */
import { attribute, child, childFlag, childText, type Infer, object, optional, union, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, onOff, pattern, positive, someText } from '../../conf/codec/scalar.ts';
import { bootField, deviceFields } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';

/** Formats that QEMU 7.2 opens by name. */
export const diskFormats = ['raw', 'qcow2', 'qcow', 'qed', 'vmdk', 'vdi', 'vpc', 'vhdx', 'luks', 'bochs', 'cloop', 'dmg', 'parallels'] as const;
export const diskBuses = ['virtio', 'sata', 'ide', 'scsi', 'usb', 'fdc'] as const;

const startupPolicy = optional(attribute('startupPolicy', oneOf(['mandatory', 'requisite', 'optional'])));

export const diskCodec = object({
  driver: optional(
    child('driver', object({
      name: withDefault(attribute('name', oneOf(['qemu'])), 'qemu'),
      type: optional(attribute('type', oneOf(diskFormats))),
      cache: optional(attribute('cache', oneOf(['default', 'none', 'writethrough', 'writeback', 'directsync', 'unsafe']))),
      errorPolicy: optional(attribute('error_policy', oneOf(['stop', 'report', 'ignore', 'enospace']))),
      readErrorPolicy: optional(attribute('rerror_policy', oneOf(['stop', 'report', 'ignore']))),
      io: optional(attribute('io', oneOf(['threads', 'native', 'io_uring']))),
      copyOnRead: optional(attribute('copy_on_read', onOff)),
      discard: optional(attribute('discard', oneOf(['ignore', 'unmap']))),
      queues: optional(attribute('queues', positive)),
      detectZeroes: optional(attribute('detect_zeroes', oneOf(['off', 'on', 'unmap']))),
    })),
  ),
  backend: union('type', {
    file: object({ source: optional(child('source', object({ file: optional(attribute('file', someText)), startupPolicy }))) }),
    block: object({ source: optional(child('source', object({ dev: optional(attribute('dev', someText)), startupPolicy }))) }),
  }, 'file'),
  device: withDefault(attribute('device', oneOf(['disk', 'cdrom', 'floppy', 'lun'])), 'disk'),
  target: child('target', object({
    dev: attribute('dev', pattern(/^(vd|sd|hd|fd|xvd|ubd)[a-z]{1,3}$/, 'a name such as vda, sdb or hdc')),
    bus: optional(attribute('bus', oneOf(diskBuses))),
    tray: optional(attribute('tray', oneOf(['open', 'closed']))),
    removable: optional(attribute('removable', onOff)),
  })),
  readonly: childFlag('readonly'),
  shareable: childFlag('shareable'),
  serial: optional(childText('serial', pattern(/^[\w .+-]{1,247}$/, 'letters, digits, spaces and ". _ + -"'))),
  ...bootField,
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    disk: Infer<typeof diskCodec>;
  }
}

export type Disk = DeviceOf<'disk'>;

/** The host's file or device, null for an empty drive. */
export function diskSource({ backend }: Disk): string | null {
  if (!backend.source) return null;
  return 'file' in backend.source ? backend.source.file : backend.source.dev;
}
