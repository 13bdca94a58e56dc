/** libvirt's order of disks: those of one bus by their names, whatever the order in which they were written. */
import type { DeviceDefinition } from '../../conf/device-definition.ts';
import type { Disk } from './disk-definition.ts';
import { diskBus, diskIndex } from './disk-target.ts';

/** More than four letters can count. */
const maximumIndex = 26 ** 5;

/** The places that disks have among the devices stay; only which disk is where changes. */
export function sortDisks(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const isDisk = (device: DeviceDefinition): device is Disk => device.kind === 'disk';
  const disks = devices.filter(isDisk);
  const buses = [...new Set(disks.map(diskBus))];
  const place = (disk: Disk): number => buses.indexOf(diskBus(disk)) * maximumIndex + (diskIndex(disk.target.dev) ?? 0);
  const sorted = disks.toSorted((a, b) => place(a) - place(b));
  const next = sorted.values();
  return devices.map((device) => (isDisk(device) ? (next.next().value ?? device) : device));
}
