/** `<disk>`: a block device of the guest, backed by a file, a device, a folder or a server of storage. */
import { type AddressNeed, type DeviceModule, pciRank, virtioNeed } from '../device-module.ts';
import { devicesBy } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { completeDisk } from './complete-disk.ts';
import { diskCommandLine } from './disk-command.ts';
import { type Disk, diskCodec, isEmptyDrive } from './disk-definition.ts';
import { isOnNarrowBus } from './disk-device.ts';
import { diskHostNeeds } from './disk-host-needs.ts';
import { numberImages } from './disk-images.ts';
import { diskBus, diskIndex } from './disk-target.ts';
import { prepareReservations, reservationProcesses } from './persistent-reservations.ts';
import { sourceLabel } from './source-label.ts';
import { validateDisk } from './validate-disk.ts';

export const diskModule: DeviceModule<'disk'> = {
  kind: 'disk',
  codec: diskCodec,
  defaults: completeDisk,
  domainDefaults: 'none',
  validate: validateDisk,
  address: diskNeed,
  alias: diskAlias,
  abi: {
    driver: {
      name: 'may-change', type: 'may-change', cache: 'may-change', errorPolicy: 'may-change', readErrorPolicy: 'may-change', io: 'may-change',
      ioeventfd: 'may-change', eventIdx: 'same', copyOnRead: 'may-change', discard: 'may-change', ioThread: 'may-change', detectZeroes: 'may-change',
      discardNoUnref: 'may-change', queues: 'same', queueSize: 'same', iommu: 'same', ats: 'same', packed: 'same', pagePerVq: 'same',
      metadataCacheBytes: 'may-change', ioThreads: 'may-change',
    },
    auth: 'may-change',
    backend: 'may-change',
    device: 'same',
    model: 'same',
    rawio: 'may-change',
    sgio: 'may-change',
    snapshot: 'may-change',
    chain: 'may-change',
    backendDomain: 'may-change',
    geometry: 'same',
    blockio: 'same',
    mirror: 'may-change',
    target: { dev: 'same', bus: 'same', tray: 'may-change', removable: 'same', rotationRate: 'same' },
    iotune: 'may-change',
    throttleFilters: 'may-change',
    readonly: 'same',
    shareable: 'may-change',
    transient: 'may-change',
    serial: 'same',
    wwn: 'same',
    vendor: 'same',
    product: 'same',
    encryption: 'may-change',
    boot: 'may-change',
    alias: 'may-change',
    acpi: 'same',
    address: 'same',
  },
  prepare: (disk, launch, definition) => prepareReservations(numberImages(disk, definition), launch),
  commandLine: diskCommandLine,
  boots: (disk) => (disk.device === 'cdrom' ? 'cdrom' : disk.device === 'floppy' ? 'fd' : 'hd'),
  hostNeeds: diskHostNeeds,
  sideProcesses: reservationProcesses,
  hotplug: 'unsupported',
  live: 'none',
  label: diskLabel,
};

function diskNeed(disk: Disk): AddressNeed {
  const index = diskIndex(disk.target.dev) ?? 0;
  const drive = { type: 'drive', target: 0 } as const;
  switch (diskBus(disk)) {
    case 'virtio':
      return virtioNeed(pciRank.disk, disk.model === 'virtio-transitional' ? { connect: 'conventional' } : {});
    case 'usb':
      return { type: 'usb' };
    case 'sata':
      return { type: 'drive', controller: 'sata', preferred: { ...drive, controller: Math.floor(index / 6), bus: 0, unit: index % 6 } };
    case 'ide':
      return { type: 'drive', controller: 'ide', preferred: { ...drive, controller: Math.floor(index / 4), bus: Math.floor(index / 2) % 2, unit: index % 2 } };
    case 'scsi':
      return { type: 'drive', controller: 'scsi', preferred: { ...drive, controller: Math.floor(index / 7), bus: 0, unit: index % 7 } };
    case 'fdc':
      return { type: 'drive', controller: 'fdc', preferred: { ...drive, controller: Math.floor(index / 2), bus: 0, unit: index % 2 } };
    case 'sd':
    case 'xen':
    case 'uml':
      return { type: 'none' };
  }
}

const placeByName = (disk: Disk): string => `${diskBus(disk)} ${diskIndex(disk.target.dev)}`;
const disksAt = devicesBy('disk', placeByName);

function diskAlias(disk: Disk, number: (prefix: string) => string, definition: DomainDefinition): string {
  const bus = diskBus(disk);
  const { address } = disk;
  if (address?.type !== 'drive') {
    const index = diskIndex(disk.target.dev);
    const isFirst = disksAt(definition.devices, placeByName(disk))[0] === disk;
    return isFirst && index !== null ? `${bus}-disk${index}` : number(`${bus}-disk`);
  }
  const place = bus === 'scsi' && !isOnNarrowBus(disk, definition) ? [address.bus, address.target, address.unit] : [address.bus, address.unit];
  return `${bus}${address.controller}-${place.join('-')}`;
}

function diskLabel(disk: Disk): string {
  const kind = disk.device === 'cdrom' ? 'CD-ROM' : disk.device;
  return `${diskBus(disk)} ${kind} ${disk.target.dev}${isEmptyDrive(disk) ? ' (empty)' : `, ${sourceLabel(disk.backend)}`}`;
}
