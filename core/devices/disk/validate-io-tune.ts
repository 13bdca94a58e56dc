/** Limits that contradict each other or that QEMU does not keep. */
import { devicesOf } from '../../conf/device-definition.ts';
import { isDeepStrictEqual } from 'node:util';
import type { DomainSurroundings } from '../device-module.ts';
import { type Disk, isEmptyDrive } from './disk-definition.ts';
import { diskBus } from './disk-target.ts';
import { type IoTune, limitsAnything } from './io-tune.ts';
import type { Rule } from './rules.ts';

/** QEMU's THROTTLE_VALUE_MAX. */
const maximum = 1e15;

export function ioTuneRules(disk: Disk, { definition }: DomainSurroundings): readonly Rule[] {
  const { iotune, target, throttleFilters } = disk;
  const isLimited = limitsAnything(iotune);
  const groupsOfDomain = new Set(definition.throttlegroups.map(({ name }) => name));
  const unknownGroup = throttleFilters.find(({ group }) => !groupsOfDomain.has(group));
  const other = iotune.group === null ? undefined : devicesOf(definition.devices, 'disk').find(({ iotune: theirs, target: { dev } }) => dev !== target.dev && theirs.group === iotune.group && !isDeepStrictEqual(theirs, iotune));
  const tooMuch = Object.entries(iotune).find(([name, value]) => typeof value === 'number' && !name.endsWith('Seconds') && value > maximum);
  return [
    ...conflicts(iotune),
    [iotune.group !== null && !isLimited, `iotune group_name '${iotune.group}' comes without limits`],
    [isLimited && diskBus(disk) === 'sd', "iotune is not for bus 'sd'"],
    [isLimited && isEmptyDrive(disk) && disk.device === 'disk', 'iotune needs a source'],
    [other !== undefined, `iotune differs from that of disk '${other?.target.dev}' in the same group '${iotune.group}'`],
    [tooMuch !== undefined, `iotune limit ${tooMuch?.[1]} is more than the ${maximum} that QEMU takes`],
    ...bursts(iotune),
    [throttleFilters.length > 0 && (isLimited || iotune.group !== null), 'throttlefilters and iotune exclude each other'],
    [throttleFilters.length > 0 && disk.device === 'cdrom', 'throttlefilters are not for CD-ROM drives'],
    [unknownGroup !== undefined, `the throttle group '${unknownGroup?.group}' of throttlefilters is not defined in throttlegroups`, 'XML_ERROR'],
  ];
}

/** A total and its parts. */
function conflicts(iotune: IoTune): readonly Rule[] {
  const both = (total: number | null, read: number | null, write: number | null, unit: string): Rule =>
    [total !== null && (read !== null || write !== null), `iotune total_${unit} excludes read_${unit} and write_${unit}`, 'XML_ERROR'];
  return [
    both(iotune.totalBytes, iotune.readBytes, iotune.writeBytes, 'bytes_sec'),
    both(iotune.totalIops, iotune.readIops, iotune.writeIops, 'iops_sec'),
    both(iotune.totalBytesMax, iotune.readBytesMax, iotune.writeBytesMax, 'bytes_sec_max'),
    both(iotune.totalIopsMax, iotune.readIopsMax, iotune.writeIopsMax, 'iops_sec_max'),
  ];
}

/** A burst needs a rate to be a burst of, and a length a burst. */
function bursts(iotune: IoTune): readonly Rule[] {
  const pairs = [
    ['total_bytes_sec', iotune.totalBytes, iotune.totalBytesMax, iotune.totalBytesMaxSeconds],
    ['read_bytes_sec', iotune.readBytes, iotune.readBytesMax, iotune.readBytesMaxSeconds],
    ['write_bytes_sec', iotune.writeBytes, iotune.writeBytesMax, iotune.writeBytesMaxSeconds],
    ['total_iops_sec', iotune.totalIops, iotune.totalIopsMax, iotune.totalIopsMaxSeconds],
    ['read_iops_sec', iotune.readIops, iotune.readIopsMax, iotune.readIopsMaxSeconds],
    ['write_iops_sec', iotune.writeIops, iotune.writeIopsMax, iotune.writeIopsMaxSeconds],
  ] as const;
  return pairs.flatMap(([name, rate, burst, seconds]): readonly Rule[] => [
    [burst !== null && rate === null, `iotune ${name}_max needs ${name}`],
    [burst !== null && rate !== null && burst < rate, `iotune ${name}_max ${burst} is less than ${name} ${rate}`],
    [(seconds ?? 1) > 1 && burst === null, `iotune ${name}_max_length needs ${name}_max`],
  ]);
}
