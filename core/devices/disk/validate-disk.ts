/** What QEMU would refuse or ignore of a disk's face to the guest, refused with the disk's name. */
import { VireoError } from '../../base/errors.ts';
import { devicesBy } from '../../conf/device-definition.ts';
import { effectiveIothreads } from '../../conf/iothreads.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { type Disk, isEmptyDrive } from './disk-definition.ts';
import { diskDriver } from './disk-device.ts';
import { type DiskDriver, plainDriver } from './disk-driver.ts';
import { encryptionIn, imagesOf } from './disk-images.ts';
import { diskBus, diskIndex, prefixOf } from './disk-target.ts';
import { refuseFirst, type Rule } from './rules.ts';
import { validateImages } from './validate-image.ts';
import { ioTuneRules } from './validate-io-tune.ts';
import { lunRules, vhostRules } from './validate-special.ts';

const disksNamed = devicesBy('disk', ({ target }) => target.dev);

/** Throws CONFIG_UNSUPPORTED, or XML_ERROR for what contradicts itself, with the target's name. */
export function validateDisk(disk: Disk, domain: DomainSurroundings): void {
  const { dev } = disk.target;
  if (disksNamed(domain.definition.devices, dev).some((other) => other !== disk)) {
    throw new VireoError('XML_ERROR', `target '${dev}' is used by two disks`);
  }
  refuseFirst(`disk '${dev}'`, [...targetRules(disk, domain), ...sourceRules(disk)]);
  validateImages(disk, domain);
  refuseFirst(`disk '${dev}'`, [...vhostRules(disk, domain), ...lunRules(disk), ...frontRules(disk), ...identityRules(disk), ...virtioRules(disk, domain), ...driverRules(disk), ...ioTuneRules(disk, domain)]);
  const driver = diskDriver(disk);
  if (driver !== null && !domain.capabilities.deviceTypes.has(driver)) throw new VireoError('CONFIG_UNSUPPORTED', `disk '${dev}': this QEMU has no ${driver}`);
}

function targetRules(disk: Disk, { board, definition }: DomainSurroundings): readonly Rule[] {
  const { device, target } = disk;
  const bus = diskBus(disk);
  const prefix = prefixOf(target.dev);
  return [
    [diskIndex(target.dev) === null, `target '${target.dev}' is no name of a disk; partitions and capitals cannot stand in it`],
    [(device === 'disk' || device === 'lun') && prefix === 'fd', `target '${target.dev}' is a name for a floppy drive`],
    [device === 'floppy' && prefix !== 'fd', `a floppy drive has a target such as fda, not '${target.dev}'`],
    [bus === 'xen' || bus === 'uml', `bus '${bus}' is not one of QEMU's`],
    [bus === 'virtio' && device === 'cdrom', `bus 'virtio' has no ejectable media; use ${board.cdromBus} for a CD-ROM`],
    [bus === 'sd' && device === 'cdrom', "bus 'sd' has no ejectable media that is a CD-ROM"],
    [device === 'floppy' && bus !== 'fdc', `a floppy drive sits on bus 'fdc', not '${bus}'`],
    [device !== 'floppy' && bus === 'fdc', "bus 'fdc' takes floppy drives only"],
    [bus === 'fdc' && board.floppy === 'none', `machine '${definition.os.type.machine}' has no floppy controller`],
    [bus === 'ide' && board.name === 'q35', "q35 machines have no IDE bus; use bus 'sata'"],
    [bus === 'sd' && !['arm-other', 'versatilepb'].includes(board.name), `machine '${definition.os.type.machine}' has no slot for SD cards`],
    [(bus === 'scsi' || bus === 'ide' || bus === 'sata' || bus === 'fdc') && disk.address !== null && disk.address.type !== 'drive', `bus '${bus}' takes an address of type 'drive', not '${disk.address?.type}'`],
    [bus === 'usb' && disk.address !== null && disk.address.type !== 'usb', `bus 'usb' takes an address of type 'usb', not '${disk.address?.type}'`],
    [bus === 'virtio' && disk.address?.type === 'drive', "bus 'virtio' takes no address of type 'drive'"],
    [target.tray !== null && device !== 'cdrom' && device !== 'floppy', "'tray' is for CD-ROM and floppy drives"],
    [target.removable !== null && bus !== 'usb' && !(bus === 'scsi' && device === 'disk'), "'removable' is for disks on usb and scsi"],
    [target.rotationRate !== null && !['scsi', 'ide', 'sata'].includes(bus), `'rotation_rate' is for buses scsi, ide and sata, not '${bus}'`],
    [target.rotationRate !== null && device !== 'disk', "'rotation_rate' is for device 'disk'"],
  ];
}

function sourceRules(disk: Disk): readonly Rule[] {
  const { device, backend } = disk;
  const isEmpty = isEmptyDrive(disk);
  const policy = backend.source && 'startupPolicy' in backend.source ? backend.source.startupPolicy : null;
  const isLocal = ['file', 'block', 'dir', 'volume'].includes(backend.type);
  return [
    [isEmpty && device !== 'cdrom' && device !== 'floppy', 'it has no source; only a CD-ROM or floppy drive may be empty'],
    [isEmpty && diskBus(disk) === 'usb', "bus 'usb' has no empty drives"],
    [policy !== null && !isLocal, `startupPolicy '${policy}' is not for sources of type '${backend.type}'`, 'XML_ERROR'],
    [policy === 'requisite' && device !== 'cdrom' && device !== 'floppy', "startupPolicy 'requisite' is for CD-ROM and floppy drives", 'XML_ERROR'],
    [disk.backendDomain !== null, 'backenddomain is an idea of Xen'],
    [disk.auth !== null && backend.type !== 'network' && backend.type !== 'volume', `auth is for network sources, not for type '${backend.type}'`],
    [disk.auth !== null && backend.source !== null && 'auth' in backend.source && backend.source.auth !== null, 'auth stands both in the disk and in its source', 'XML_ERROR'],
    [disk.encryption !== null && encryptionIn(backend) !== null, 'encryption stands both in the disk and in its source', 'XML_ERROR'],
  ];
}

function frontRules(disk: Disk): readonly Rule[] {
  const { device, geometry, readonly, transient, driver } = disk;
  const bus = diskBus(disk);
  const isReadOnlyDisk = readonly && device === 'disk';
  return [
    [geometry !== null && (bus === 'usb' || bus === 'sd'), `bus '${bus}' has no geometry`],
    [geometry?.translation !== null && geometry !== null && bus !== 'ide', `geometry trans='${geometry?.translation}' is for bus 'ide', not '${bus}'`],
    [isReadOnlyDisk && bus === 'ide', 'an IDE disk cannot be read-only'],
    [isReadOnlyDisk && bus === 'sata', 'a SATA disk cannot be read-only'],
    [disk.shareable && !readonly && !isEmptyDrive(disk) && imagesOf(disk)[0]?.format !== 'raw', `shareable needs an image that several can write: raw, not '${driver?.type}'`],
    [transient !== null && isEmptyDrive(disk), 'transient needs a source'],
    [transient !== null && readonly, 'transient is not for a disk that is read-only'],
    [transient !== null && disk.backend.type !== 'file', `transient needs a source of type 'file', not '${disk.backend.type}'`],
    [transient !== null && device !== 'disk', `transient is for device 'disk', not '${device}'`],
    [transient?.shareBacking === true && !['usb', 'virtio', 'scsi'].includes(bus), `transient shareBacking is for buses usb, virtio and scsi, not '${bus}'`],
  ];
}

/** What the guest knows the disk by. */
function identityRules(disk: Disk): readonly Rule[] {
  const { wwn, vendor, product, serial } = disk;
  const bus = diskBus(disk);
  const productLength = bus === 'scsi' ? 16 : 40;
  return [
    [wwn !== null && bus !== 'ide' && bus !== 'scsi', `wwn is for buses ide and scsi, not '${bus}'`],
    [vendor !== null && bus !== 'scsi', `vendor is for bus scsi, not '${bus}'`],
    [product !== null && !['ide', 'sata', 'scsi'].includes(bus), `product is for buses ide, sata and scsi, not '${bus}'`],
    [(product?.length ?? 0) > productLength, `product '${product}' is longer than ${productLength} characters`],
    [serial !== null && bus === 'fdc', 'a floppy drive has no serial number'],
    [serial !== null && bus === 'sd', "bus 'sd' has no serial number"],
  ];
}

function virtioRules(disk: Disk, { definition, capabilities }: DomainSurroundings): readonly Rule[] {
  const { model } = disk;
  const driver = disk.driver ?? plainDriver;
  const { ioThreads } = driver;
  const bus = diskBus(disk);
  const isOther = bus !== 'virtio';
  const threads = new Set(effectiveIothreads(definition).map(({ id }) => id));
  const unknownThread = [driver.ioThread, ...ioThreads.map(({ id }) => id)].find((id) => id !== null && !threads.has(id));
  return [
    [isOther && model !== null, `model '${model}' is for bus 'virtio', not '${bus}'`],
    [isOther && driver.queues !== null, `queues are for bus 'virtio', not '${bus}'`],
    [isOther && driver.queueSize !== null, `queue_size is for bus 'virtio', not '${bus}'`],
    [isOther && driver.eventIdx !== null, `event_idx is for bus 'virtio', not '${bus}'`],
    [isOther && driver.ioeventfd !== null, `ioeventfd is for bus 'virtio', not '${bus}'`],
    [isOther && [driver.iommu, driver.ats, driver.packed, driver.pagePerVq].some((option) => option !== null), `iommu, ats, packed and page_per_vq are for bus 'virtio', not '${bus}'`],
    [isOther && (driver.ioThread !== null || ioThreads.length > 0), `I/O threads are for bus 'virtio', not '${bus}'`],
    [driver.ioThread !== null && ioThreads.length > 0, "the driver's iothread and its iothreads exclude each other", 'XML_ERROR'],
    [unknownThread !== undefined, `iothread '${unknownThread}' is not defined in iothreadids`],
    [ioThreads.length > 0 && capabilities.version.major < 9, 'iothreads for single queues need QEMU 9.0'],
    ...queueRules(driver),
  ];
}

/** Either no thread names its queues, or every queue has its one thread. */
function queueRules({ ioThreads, queues }: DiskDriver): readonly Rule[] {
  const mapped = ioThreads.flatMap((thread) => thread.queues.map(({ id }) => id));
  if (mapped.length === 0) return [];
  const beyond = mapped.find((queue) => queue >= (queues ?? 0));
  return [
    [ioThreads.some((thread) => thread.queues.length === 0), 'either all iothreads name their queues or none'],
    [new Set(mapped).size !== mapped.length, 'a queue is served by two iothreads'],
    [queues === null, 'queues can be given to iothreads only where their number is given'],
    [beyond !== undefined, `there is no queue ${beyond}; the disk has ${queues}`],
    [mapped.length !== queues, 'every queue needs its iothread'],
  ];
}

function driverRules(disk: Disk): readonly Rule[] {
  const { driver, device, readonly } = disk;
  return [
    [driver !== null && driver.name !== null && driver.name !== 'qemu', `driver name '${driver?.name}' is not supported; it is qemu`],
    [driver?.io === 'native' && driver.cache !== 'none' && driver.cache !== 'directsync', "io='native' needs cache='none' or cache='directsync'"],
    [driver?.copyOnRead === true && readonly, 'copy_on_read cannot write to a disk that is read-only'],
    [driver?.copyOnRead === true && device !== 'disk', `copy_on_read is for device 'disk', not '${device}'`],
    [driver?.discardNoUnref === true && driver.type !== 'qcow2', `discard_no_unref is for qcow2, not '${driver?.type}'`],
    [driver?.discardNoUnref === true && readonly, 'discard_no_unref is not for a disk that is read-only'],
  ];
}
