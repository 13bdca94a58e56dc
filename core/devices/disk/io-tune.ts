/** `<iotune>`: how fast the guest may be on one disk, or on all disks of a group together. */
import { attribute, child, childText, type Codec, type Infer, mapped, object, optional, unlessDefault } from '../../conf/codec/codec.ts';
import { integer, someText, yesNo } from '../../conf/codec/scalar.ts';

/** 0 is how some say that there is no limit. */
function limit(name: string): Codec<number | null> {
  return mapped(optional(childText(name, integer(0, Number.MAX_SAFE_INTEGER))), (value) => (value === 0 ? null : value), (value) => value);
}

const limitsCodec = object({
  totalBytes: limit('total_bytes_sec'),
  readBytes: limit('read_bytes_sec'),
  writeBytes: limit('write_bytes_sec'),
  totalIops: limit('total_iops_sec'),
  readIops: limit('read_iops_sec'),
  writeIops: limit('write_iops_sec'),
  totalBytesMax: limit('total_bytes_sec_max'),
  readBytesMax: limit('read_bytes_sec_max'),
  writeBytesMax: limit('write_bytes_sec_max'),
  totalIopsMax: limit('total_iops_sec_max'),
  readIopsMax: limit('read_iops_sec_max'),
  writeIopsMax: limit('write_iops_sec_max'),
  /** Requests of this many bytes count as one; larger ones as several. */
  iopsSizeBytes: limit('size_iops_sec'),
  group: optional(childText('group_name', someText)),
  totalBytesMaxSeconds: limit('total_bytes_sec_max_length'),
  readBytesMaxSeconds: limit('read_bytes_sec_max_length'),
  writeBytesMaxSeconds: limit('write_bytes_sec_max_length'),
  totalIopsMaxSeconds: limit('total_iops_sec_max_length'),
  readIopsMaxSeconds: limit('read_iops_sec_max_length'),
  writeIopsMaxSeconds: limit('write_iops_sec_max_length'),
});

/** Rates are per second; null is no limit. */
export type IoTune = Infer<typeof limitsCodec>;

export const noIoTune: IoTune = {
  totalBytes: null, readBytes: null, writeBytes: null, totalIops: null, readIops: null, writeIops: null,
  totalBytesMax: null, readBytesMax: null, writeBytesMax: null, totalIopsMax: null, readIopsMax: null, writeIopsMax: null,
  iopsSizeBytes: null, group: null,
  totalBytesMaxSeconds: null, readBytesMaxSeconds: null, writeBytesMaxSeconds: null, totalIopsMaxSeconds: null, readIopsMaxSeconds: null, writeIopsMaxSeconds: null,
};

/** For generators: a total excludes its parts. */
const consistent = mapped(
  object({ isTotal: attribute('total', yesNo), limits: limitsCodec }),
  ({ isTotal, limits }) => Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, name.startsWith(isTotal ? 'total' : 'read') || name.startsWith(isTotal ? 'total' : 'write') || name === 'group' || name === 'iopsSizeBytes' ? value : null])) as unknown as IoTune,
  (limits) => ({ isTotal: true, limits }),
);

export const ioTuneCodec = unlessDefault({ ...child('iotune', limitsCodec), shape: consistent.shape }, noIoTune);

/** Whether anything but a group's name is given. */
export function limitsAnything(iotune: IoTune): boolean {
  return Object.entries(iotune).some(([name, value]) => name !== 'group' && value !== null);
}
