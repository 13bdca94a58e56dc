/** `<disk>`: a block device of the guest, backed by a file or a block device of the host. */
import { type AddressNeed, type DeviceModule, pciNeed, pciRank } from '../device-module.ts';
import { diskCommandLine } from './disk-command.ts';
import { type Disk, diskCodec, diskSource } from './disk-definition.ts';
import { diskBus, diskIndex } from './disk-target.ts';
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
    driver: 'may-change',
    backend: 'may-change',
    device: 'same',
    target: 'same',
    readonly: 'same',
    shareable: 'may-change',
    serial: 'same',
    boot: 'may-change',
    alias: 'may-change',
    address: 'same',
  },
  prepare: 'nothing',
  commandLine: diskCommandLine,
  boots: (disk) => (disk.device === 'cdrom' ? 'cdrom' : disk.device === 'floppy' ? 'fd' : 'hd'),
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: diskLabel,
};

/** As libvirt: an image without a named format is raw, never probed; a CD is read-only. */
function completeDisk(disk: Disk): Disk {
  const driver = disk.driver ?? { name: 'qemu', type: null, cache: null, errorPolicy: null, readErrorPolicy: null, io: null, copyOnRead: null, discard: null, queues: null, detectZeroes: null };
  return {
    ...disk,
    driver: { ...driver, type: driver.type ?? 'raw' },
    target: { ...disk.target, bus: diskBus(disk.target) },
    readonly: disk.readonly || disk.device === 'cdrom',
  };
}

function diskNeed(disk: Disk): AddressNeed {
  const bus = diskBus(disk.target);
  const index = diskIndex(disk.target.dev);
  const drive = { type: 'drive', target: 0 } as const;
  switch (bus) {
    case 'virtio':
      return pciNeed(pciRank.disk, 'either');
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
  }
}

function diskAlias(disk: Disk, number: (prefix: string) => string): string {
  const bus = diskBus(disk.target);
  if (bus === 'virtio') return number('virtio-disk');
  if (bus === 'usb') return number('usb-disk');
  const { address } = disk;
  if (address?.type !== 'drive') return number(`${bus}-disk`);
  const place = bus === 'scsi' ? [address.bus, address.target, address.unit] : [address.bus, address.unit];
  return `${bus}${address.controller}-${place.join('-')}`;
}

function diskLabel(disk: Disk): string {
  const kind = disk.device === 'cdrom' ? 'CD-ROM' : disk.device === 'floppy' ? 'floppy' : 'disk';
  const source = diskSource(disk);
  const name = source === null ? ' (empty)' : `, ${source.split('/').at(-1)}`;
  return `${diskBus(disk.target)} ${kind} ${disk.target.dev}${name}`;
}
