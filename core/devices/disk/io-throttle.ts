/**
 * `<iotune>` for QEMU. The limits belong to the guest's device, not to a node below it, and QEMU takes those only once
 * it runs: block_set_io_throttle, as libvirt does it before the CPUs start.
 */
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { aliasOf } from '../address-properties.ts';
import { type Disk, isEmptyDrive } from './disk-definition.ts';
import { diskBus } from './disk-target.ts';
import { limitsAnything } from './io-tune.ts';

/** QEMU's BlockIOThrottle; rates are per second, 0 is no limit. */
export interface IoThrottle {
  /** Where the device is in QEMU's tree of objects. */
  readonly id: string;
  readonly bps: number;
  readonly bps_rd: number;
  readonly bps_wr: number;
  readonly iops: number;
  readonly iops_rd: number;
  readonly iops_wr: number;
  readonly [more: string]: string | number;
}

/** One for each disk that is limited; an empty drive cannot be. */
export function ioThrottles({ devices }: DomainDefinition): readonly IoThrottle[] {
  return devicesOf(devices, 'disk').filter((disk) => limitsAnything(disk.iotune) && !isEmptyDrive(disk)).map(throttleOf);
}

function throttleOf(disk: Disk): IoThrottle {
  const { iotune } = disk;
  const more: readonly (readonly [name: string, value: string | number | null])[] = [
    ['bps_max', iotune.totalBytesMax], ['bps_rd_max', iotune.readBytesMax], ['bps_wr_max', iotune.writeBytesMax],
    ['iops_max', iotune.totalIopsMax], ['iops_rd_max', iotune.readIopsMax], ['iops_wr_max', iotune.writeIopsMax],
    ['bps_max_length', iotune.totalBytesMaxSeconds], ['bps_rd_max_length', iotune.readBytesMaxSeconds], ['bps_wr_max_length', iotune.writeBytesMaxSeconds],
    ['iops_max_length', iotune.totalIopsMaxSeconds], ['iops_rd_max_length', iotune.readIopsMaxSeconds], ['iops_wr_max_length', iotune.writeIopsMaxSeconds],
    ['iops_size', iotune.iopsSizeBytes], ['group', iotune.group],
  ];
  return {
    id: deviceObject(disk),
    bps: iotune.totalBytes ?? 0, bps_rd: iotune.readBytes ?? 0, bps_wr: iotune.writeBytes ?? 0,
    iops: iotune.totalIops ?? 0, iops_rd: iotune.readIops ?? 0, iops_wr: iotune.writeIops ?? 0,
    ...Object.fromEntries(more.filter((entry): entry is readonly [string, string | number] => entry[1] !== null)),
  };
}

/** Some devices have the block device in a child. */
function deviceObject(disk: Disk): string {
  const alias = aliasOf(disk);
  switch (diskBus(disk)) {
    case 'virtio':
      return `/machine/peripheral/${alias}/virtio-backend`;
    case 'usb':
      return `/machine/peripheral/${alias}/${alias}.0/legacy[0]`;
    default:
      return alias;
  }
}
