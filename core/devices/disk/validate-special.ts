/** Disks that QEMU only passes on: SCSI devices of the host, and disks that another process or piece of hardware serves. */
import type { DomainSurroundings } from '../device-module.ts';
import type { Disk } from './disk-definition.ts';
import { encryptionIn, imagesOf, reservationsOf } from './disk-images.ts';
import { diskBus } from './disk-target.ts';
import { limitsAnything } from './io-tune.ts';
import type { Rule } from './rules.ts';

export function lunRules(disk: Disk): readonly Rule[] {
  const { backend, rawio, sgio } = disk;
  const bus = diskBus(disk);
  const [image] = imagesOf(disk);
  const source = backend.source;
  if (disk.device !== 'lun') {
    return [
      [reservationsOf(disk) !== null, "reservations are for device 'lun'"],
      [rawio !== null, "rawio is for device 'lun'"],
      [sgio !== null, "sgio is for device 'lun'"],
    ];
  }
  const isIscsi = backend.type === 'network' && backend.source?.protocol === 'iscsi';
  return [
    [sgio === 'unfiltered', "sgio='unfiltered' needs a kernel that is no more"],
    [backend.type === 'network' && !isIscsi, `device 'lun' takes protocol 'iscsi', not '${backend.type === 'network' ? backend.source?.protocol : ''}'`],
    [backend.type !== 'network' && backend.type !== 'block' && backend.type !== 'volume', `device 'lun' takes a source of type 'block', not '${backend.type}'`],
    [image !== undefined && image.format !== 'raw', `device 'lun' is raw, not '${image?.format}'`],
    [source !== null && 'slice' in source && source.slice !== null, "device 'lun' is whole; slices are not for it"],
    [(image?.encryption?.format ?? 'default') !== 'default', "device 'lun' takes no encryption"],
    // virtio-blk passes SCSI commands on (scsi=on) only as a device of before virtio 1.0 (QEMU 7.2; gone in 10.0).
    [bus !== 'scsi', `device 'lun' sits on bus scsi, not '${bus}'`],
    [disk.driver?.copyOnRead === true, "copy_on_read is not for device 'lun'"],
    [disk.wwn !== null, "device 'lun' has its own wwn"],
    [disk.vendor !== null || disk.product !== null, "device 'lun' has its own vendor and product"],
    [disk.serial !== null && bus === 'scsi', "device 'lun' has its own serial number"],
    [disk.geometry !== null || disk.blockio !== null, "device 'lun' has its own geometry and block sizes"],
  ];
}

export function vhostRules(disk: Disk, { definition }: DomainSurroundings): readonly Rule[] {
  const { type } = disk.backend;
  if (type !== 'vhostuser' && type !== 'vhostvdpa') return [];
  const isShared = definition.memoryBacking?.access === 'shared' || (definition.cpu?.numa?.cells ?? []).some(({ memAccess }) => memAccess === 'shared');
  const common: readonly Rule[] = [
    [diskBus(disk) !== 'virtio', `a source of type '${type}' takes bus 'virtio', not '${diskBus(disk)}'`],
    [!isShared, `a source of type '${type}' needs memory that is shared: <memoryBacking><access mode='shared'/>`],
  ];
  if (type === 'vhostvdpa') return [...common, [disk.driver?.cache !== 'none' && disk.driver?.cache !== 'directsync', "a source of type 'vhostvdpa' needs cache='none' or cache='directsync'"]];
  return [...common, ...servedElsewhere(disk)];
}

/** Another process has the image: whatever QEMU would do to it cannot be done here. */
function servedElsewhere(disk: Disk): readonly Rule[] {
  const { driver } = disk;
  const elements: readonly (readonly [string, unknown])[] = [
    ['cache', driver?.cache === 'default' ? null : driver?.cache], ['error_policy', driver?.errorPolicy], ['rerror_policy', driver?.readErrorPolicy], ['io', driver?.io],
    ['ioeventfd', driver?.ioeventfd], ['copy_on_read', driver?.copyOnRead], ['discard', driver?.discard], ['iothread', driver?.ioThread],
    ['detect_zeroes', driver?.detectZeroes], ['metadata_cache', driver?.metadataCacheBytes], ['iotune', limitsAnything(disk.iotune) || disk.iotune.group !== null || null],
    ['backingStore', disk.chain.layers.length > 0 || disk.chain.terminated || null], ['encryption', disk.encryption ?? encryptionIn(disk.backend)],
    ['readonly', disk.readonly || null], ['shareable', disk.shareable || null], ['transient', disk.transient], ['serial', disk.serial], ['wwn', disk.wwn],
    ['vendor', disk.vendor], ['product', disk.product], ['auth', disk.auth], ['geometry', disk.geometry], ['blockio', disk.blockio],
  ];
  return [
    [disk.snapshot !== null && disk.snapshot !== 'no', "a source of type 'vhostuser' takes snapshot='no' only"],
    ...elements.map(([name, value]): Rule => [value !== null && value !== undefined, `${name} is not for a source of type 'vhostuser'`]),
  ];
}
