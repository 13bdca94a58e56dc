/** A disk as QEMU's block graph and device: a protocol node, a format node above it, the guest's device on top. */
import { devicesOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, type JsonObject, json, withoutNulls } from '../command-fragment.ts';
import { controllerAlias } from '../controller/controller-alias.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { diskBus } from './disk-target.ts';
import { type Disk, diskSource } from './disk-definition.ts';

/** The -device type for the guest's side. */
export function diskDriver(disk: Disk): string {
  const cdrom = disk.device === 'cdrom';
  switch (diskBus(disk.target)) {
    case 'virtio':
      return 'virtio-blk-pci';
    case 'sata':
    case 'ide':
      return cdrom ? 'ide-cd' : 'ide-hd';
    case 'scsi':
      return cdrom ? 'scsi-cd' : 'scsi-hd';
    case 'usb':
      return 'usb-storage';
    case 'fdc':
      return 'floppy';
  }
}

export function diskCommandLine(disk: Disk, launch: DeviceLaunch): readonly CommandFragment[] {
  const source = diskSource(disk);
  const node = nodeNames(disk, launch);
  const nodes = source === null ? [] : [json('blockdev', storageNode(disk, source, node.storage)), json('blockdev', formatNode(disk, node))];
  return [...nodes, json('device', deviceProperties(disk, launch, source === null ? null : node.format))];
}

/** libvirt's names for the nodes of a chain; the number is the disk's place in the definition. */
function nodeNames(disk: Disk, launch: DeviceLaunch): { readonly storage: string; readonly format: string } {
  const number = devicesOf(launch.definition.devices, 'disk').indexOf(disk) + 1;
  return { storage: `libvirt-${number}-storage`, format: `libvirt-${number}-format` };
}

/** QEMU's `cache` of a node; its third part, writeback, is the device's. */
function cacheProperties(disk: Disk): JsonObject | null {
  switch (disk.driver?.cache) {
    case 'none':
    case 'directsync':
      return { direct: true, 'no-flush': false };
    case 'unsafe':
      return { direct: false, 'no-flush': true };
    case 'writeback':
    case 'writethrough':
      return { direct: false, 'no-flush': false };
    default:
      return null;
  }
}

function storageNode(disk: Disk, filename: string, name: string): JsonObject {
  const { driver } = disk;
  return withoutNulls({
    driver: disk.backend.type === 'block' ? (disk.device === 'cdrom' ? 'host_cdrom' : 'host_device') : 'file',
    filename,
    'node-name': name,
    aio: driver?.io ?? null,
    cache: cacheProperties(disk),
    'auto-read-only': true,
    discard: driver?.discard ?? 'unmap',
  });
}

function formatNode(disk: Disk, node: { readonly storage: string; readonly format: string }): JsonObject {
  const { driver } = disk;
  return withoutNulls({
    'node-name': node.format,
    'read-only': disk.readonly,
    discard: driver?.discard ?? null,
    'detect-zeroes': driver?.detectZeroes ?? null,
    cache: cacheProperties(disk),
    driver: driver?.type ?? 'raw',
    file: node.storage,
  });
}

function deviceProperties(disk: Disk, launch: DeviceLaunch, drive: string | null): JsonObject {
  const { driver } = disk;
  const bus = diskBus(disk.target);
  return withoutNulls({
    driver: diskDriver(disk),
    ...driveProperties(disk, launch),
    ...addressProperties(disk.address, launch),
    drive,
    id: aliasOf(disk),
    bootindex: launch.bootIndexOf(disk),
    serial: disk.serial,
    removable: bus === 'usb' ? (disk.target.removable ?? false) : null,
    'num-queues': driver?.queues ?? null,
    'share-rw': disk.shareable ? true : null,
    'write-cache': writeCache(disk),
    werror: driver?.errorPolicy ? (driver.errorPolicy === 'enospace' ? 'enospc' : driver.errorPolicy) : null,
    rerror: driver?.readErrorPolicy ?? (driver?.errorPolicy && driver.errorPolicy !== 'enospace' ? driver.errorPolicy : null),
  });
}

function writeCache(disk: Disk): string | null {
  const cache = disk.driver?.cache ?? 'default';
  if (cache === 'default' || disk.readonly) return null;
  return cache === 'writethrough' || cache === 'directsync' ? 'off' : 'on';
}

/** A drive address by the names of QEMU's buses: each AHCI port is a bus, an IDE channel has two units. */
function driveProperties(disk: Disk, launch: DeviceLaunch): JsonObject {
  const { address } = disk;
  if (address?.type !== 'drive') return {};
  switch (diskBus(disk.target)) {
    case 'sata':
      return { bus: `${controllerAlias(launch.definition, 'sata', address.controller)}.${address.unit}` };
    case 'ide':
      return { bus: `${controllerAlias(launch.definition, 'ide', address.controller)}.${address.bus}`, unit: address.unit };
    case 'scsi':
      return { bus: `${controllerAlias(launch.definition, 'scsi', address.controller)}.0`, channel: address.bus, 'scsi-id': address.target, lun: address.unit };
    default:
      return {};
  }
}
