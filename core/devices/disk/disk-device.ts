/** The guest's side of a disk: QEMU's -device with everything that the guest can see of it. */
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { addressProperties, aliasOf, driveProperties } from '../address-properties.ts';
import { type JsonObject, withoutNulls } from '../command-fragment.ts';
import { findController } from '../controller/controller-alias.ts';
import { scsiShape } from '../controller/controller-model.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { acpiProperties } from '../pci-fields.ts';
import { virtioDriver, virtioProperties } from '../virtio/virtio-device.ts';
import { effectiveCache } from './block-nodes.ts';
import type { Disk } from './disk-definition.ts';
import { diskBus } from './disk-target.ts';

/** The -device type; null for buses whose disks are made otherwise or not at all. */
export function diskDriver(disk: Disk): string | null {
  const cdrom = disk.device === 'cdrom';
  switch (diskBus(disk)) {
    case 'virtio':
      return virtioDriver(disk.backend.type === 'vhostuser' ? 'vhost-user-blk' : 'virtio-blk', disk.address, disk.model ?? 'virtio');
    case 'sata':
    case 'ide':
      return cdrom ? 'ide-cd' : 'ide-hd';
    case 'scsi':
      return disk.device === 'lun' ? 'scsi-block' : cdrom ? 'scsi-cd' : 'scsi-hd';
    case 'usb':
      return 'usb-storage';
    case 'fdc':
      return 'floppy';
    case 'sd':
    case 'xen':
    case 'uml':
      return null;
  }
}

/** What the device is put on: a block node, or the socket of the process that serves it. */
export interface DiskConnection {
  readonly drive: string | null;
  readonly chardev: string | null;
}

export function deviceProperties(disk: Disk, driver: string, { drive, chardev }: DiskConnection, launch: DeviceLaunch): JsonObject {
  const { driver: options, geometry, blockio } = disk;
  const bus = diskBus(disk);
  return withoutNulls({
    driver,
    ...(bus === 'virtio' ? virtioDiskProperties(disk) : {}),
    ...drivePlace(disk, launch),
    ...addressProperties(disk.address, launch),
    ...acpiProperties(disk.acpi),
    ...(driver === 'scsi-hd' || driver === 'scsi-cd' ? { device_id: disk.serial ?? `drive-${aliasOf(disk)}` } : {}),
    'share-rw': disk.shareable ? true : null,
    drive,
    chardev,
    id: aliasOf(disk),
    ...bootProperties(disk, launch),
    logical_block_size: blockio?.logicalBlockBytes ?? null,
    physical_block_size: blockio?.physicalBlockBytes ?? null,
    discard_granularity: blockio?.discardGranularityBytes ?? null,
    wwn: disk.wwn === null ? null : BigInt(`0x${disk.wwn.replace(/^0x/, '')}`),
    rotation_rate: disk.target.rotationRate,
    vendor: disk.vendor,
    product: bus === 'scsi' ? disk.product : null,
    model: bus === 'ide' || bus === 'sata' ? disk.product : null,
    removable: removable(disk, driver),
    'num-queues': options?.queues ?? null,
    'write-cache': writeCache(disk),
    cyls: geometry?.cylinders ?? null,
    heads: geometry?.heads ?? null,
    secs: geometry?.sectors ?? null,
    'bios-chs-trans': geometry?.translation ?? null,
    serial: disk.serial,
    ...errorPolicies(disk),
  });
}

function virtioDiskProperties({ driver, device, backend }: Disk): JsonObject {
  return {
    ...virtioProperties(driver),
    ...withoutNulls({
      iothread: driver?.ioThread ? `iothread${driver.ioThread}` : null,
      ioeventfd: driver?.ioeventfd ?? null,
      event_idx: driver?.eventIdx ?? null,
      scsi: device === 'lun' && backend.type !== 'vhostuser' ? true : null,
      'queue-size': driver?.queueSize ?? null,
      'iothread-vq-mapping': driver?.ioThreads.length ? driver.ioThreads.map(({ id, queues }) => ({ iothread: `iothread${id}`, ...(queues.length > 0 ? { vqs: queues.map((queue) => queue.id) } : {}) })) : null,
    }),
  };
}

/** The floppy controller boots, not the drive in it. */
function bootProperties(disk: Disk, launch: DeviceLaunch): JsonObject {
  if (disk.device === 'floppy') return {};
  const { major, minor } = launch.capabilities.version;
  // Older machines have one for the whole guest: that of the first device, in core/command/machine.ts.
  const hasOwn = disk.address?.type === 'ccw' && (major > 9 || (major === 9 && minor >= 2));
  return withoutNulls({ bootindex: launch.bootIndexOf(disk), loadparm: hasOwn ? (disk.boot?.loadparm ?? null) : null });
}

function removable({ target }: Disk, driver: string): boolean | null {
  if (driver === 'usb-storage') return target.removable ?? false;
  return driver === 'scsi-hd' ? target.removable : null;
}

function writeCache(disk: Disk): string | null {
  const cache = effectiveCache(disk) ?? 'default';
  if (cache === 'default' || disk.device === 'lun') return null;
  return cache === 'writethrough' || cache === 'directsync' ? 'off' : 'on';
}

function errorPolicies({ driver }: Disk): JsonObject {
  const write = driver?.errorPolicy ?? null;
  const read = driver?.readErrorPolicy ?? null;
  if (write === 'enospace') return withoutNulls({ werror: 'enospc', rerror: read });
  return withoutNulls({ werror: write, rerror: read ?? write });
}

function drivePlace(disk: Disk, launch: DeviceLaunch): JsonObject {
  const { address } = disk;
  const bus = diskBus(disk);
  const hasPlaces = bus === 'ide' || bus === 'sata' || bus === 'scsi' || bus === 'fdc';
  return address?.type === 'drive' && hasPlaces ? driveProperties(bus, address, launch) : {};
}

/** Whether the unit of its address is the disk's SCSI target. */
export function isOnNarrowBus({ address }: Disk, definition: DomainDefinition): boolean {
  if (address?.type !== 'drive') return false;
  return scsiShape(findController(definition, 'scsi', address.controller)?.model ?? null).byUnit;
}
