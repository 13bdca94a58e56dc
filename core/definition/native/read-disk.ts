/** Disks: the device, and under it the nodes of format and storage that it is connected to. */
import type { XmlElement } from '../../xml/xml-element.ts';
import { bootOrder, element, type NativeParts, pciAddress, textElement, usbAddress, virtioDriver } from './native-parts.ts';
import { type Json, text } from './qemu-options.ts';

interface Place {
  readonly bus: string;
  readonly device: string;
  /** First letters of the target's name. */
  readonly prefix: string;
}

const places: Readonly<Record<string, Place>> = {
  'ide-hd': { bus: 'sata', device: 'disk', prefix: 'sd' },
  'ide-cd': { bus: 'sata', device: 'cdrom', prefix: 'sd' },
  'scsi-hd': { bus: 'scsi', device: 'disk', prefix: 'sd' },
  'scsi-cd': { bus: 'scsi', device: 'cdrom', prefix: 'sd' },
  'usb-storage': { bus: 'usb', device: 'disk', prefix: 'sd' },
};

/** Null where the driver is none. `taken` is how many disks of each prefix there are: targets' names are not on the command line. */
export function readDisk(driver: string, properties: Json, parts: NativeParts, taken: Map<string, number>): XmlElement | null {
  const place = virtioDriver(driver)?.device === 'virtio-blk' ? { bus: 'virtio', device: 'disk', prefix: 'vd' } : placeOf(driver, properties);
  if (!place) return null;
  const count = taken.get(place.prefix) ?? 0;
  taken.set(place.prefix, count + 1);
  const format = parts.blockdevs.get(text(properties['drive']) ?? '');
  const storage = parts.blockdevs.get(text(format?.['file']) ?? '');
  const onDevice = storage?.['driver'] === 'host_device' || storage?.['driver'] === 'host_cdrom';
  const source = storage ? element('source', { [onDevice ? 'dev' : 'file']: text(storage['filename']) }) : null;
  const readOnly = format?.['read-only'] === true || place.device === 'cdrom';
  return element('disk', { type: onDevice ? 'block' : 'file', device: place.device }, [
    element('driver', driverAttributes(format, storage, properties)),
    source,
    element('target', { dev: `${place.prefix}${letters(count)}`, bus: place.bus, removable: properties['removable'] === undefined ? null : properties['removable'] === true ? 'on' : 'off' }),
    readOnly ? element('readonly') : null,
    properties['share-rw'] === true ? element('shareable') : null,
    textElement('serial', text(properties['serial'])),
    bootOrder(properties),
    addressOf(place, properties),
  ]);
}

/** One driver serves IDE and SATA; the id that this driver gives tells them apart. */
function placeOf(driver: string, properties: Json): Place | null {
  const place = places[driver];
  return place && text(properties['id'])?.startsWith('ide') ? { ...place, bus: 'ide', prefix: 'hd' } : (place ?? null);
}

function driverAttributes(format: Json | undefined, storage: Json | undefined, properties: Json): Readonly<Record<string, string | null>> {
  return {
    name: 'qemu',
    type: text(format?.['driver']) ?? 'raw',
    cache: cacheOf(format, properties),
    io: text(storage?.['aio']),
    discard: text(format?.['discard']),
    detect_zeroes: text(format?.['detect-zeroes']),
  };
}

/** What libvirt calls a cache mode is three switches of QEMU. */
function cacheOf(format: Json | undefined, properties: Json): string | null {
  const cache = format?.['cache'] as Json | undefined;
  const writeBack = properties['write-cache'] !== 'off';
  if (cache === undefined) return null;
  if (cache['no-flush'] === true) return 'unsafe';
  if (cache['direct'] === true) return writeBack ? 'none' : 'directsync';
  return writeBack ? 'writeback' : 'writethrough';
}

/** The id that this driver gives holds the place: `sata0-0-1`, `scsi0-0-2-3`. */
function addressOf({ bus }: Place, properties: Json): XmlElement | null {
  if (bus === 'virtio') return pciAddress(properties);
  if (bus === 'usb') return usbAddress(properties);
  const numbers = [...(text(properties['id']) ?? '').matchAll(/(\d+)/g)].map(([digits]) => digits);
  const [controller = '0', second = '0', third = '0', fourth] = numbers;
  const [inner, target, unit] = fourth === undefined ? [second, '0', third] : [second, third, fourth];
  return element('address', { type: 'drive', controller, bus: inner, target, unit });
}

/** a to z, aa and on. */
function letters(index: number): string {
  return (index >= 26 ? letters(Math.floor(index / 26) - 1) : '') + String.fromCodePoint(97 + (index % 26));
}
