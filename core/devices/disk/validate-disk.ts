/** What QEMU would refuse or ignore of a disk, refused with the disk's name. */
import path from 'node:path';
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { diskDriver } from './disk-command.ts';
import { diskBus } from './disk-target.ts';
import { type Disk, diskSource } from './disk-definition.ts';

export function validateDisk(disk: Disk, domain: DomainSurroundings): void {
  const { dev } = disk.target;
  const bus = diskBus(disk.target);
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `disk '${dev}': ${text}`);
  };
  if (devicesOf(domain.definition.devices, 'disk').some((other) => other !== disk && other.target.dev === dev)) {
    throw new VireoError('XML_ERROR', `target '${dev}' is used by two disks`);
  }
  const ejectable = disk.device === 'cdrom' || disk.device === 'floppy';
  const source = diskSource(disk);
  if (source === null && !ejectable) refuse('it has no source; only a CD-ROM or floppy drive may be empty');
  if (source !== null && !path.posix.isAbsolute(source) && !path.win32.isAbsolute(source)) refuse(`its source '${source}' is not an absolute path`);
  if (ejectable && bus === 'virtio') refuse(`bus 'virtio' has no ejectable media; use sata for a CD-ROM`);
  if (disk.device === 'floppy' && bus !== 'fdc') refuse(`a floppy drive sits on bus 'fdc', not '${bus}'`);
  if (disk.device !== 'floppy' && bus === 'fdc') refuse(`bus 'fdc' takes floppy drives only`);
  if (disk.device === 'lun') refuse(`device 'lun' needs a SCSI device of the host, which this version does not hand over`);
  if (bus === 'fdc') refuse('floppy drives are not supported by this version');
  if (bus === 'ide' && domain.machine === 'q35') refuse("q35 machines have no IDE bus; use bus 'sata'");
  if (disk.driver?.io === 'native' && disk.driver.cache !== 'none' && disk.driver.cache !== 'directsync') {
    refuse("io='native' needs cache='none' or cache='directsync'");
  }
  if (disk.driver?.queues && bus !== 'virtio') refuse(`queues are for bus 'virtio', not '${bus}'`);
  if (disk.serial !== null && bus === 'fdc') refuse('a floppy drive has no serial number');
  const driver = diskDriver(disk);
  if (!domain.capabilities.deviceTypes.has(driver)) refuse(`this QEMU has no ${driver}`);
}
