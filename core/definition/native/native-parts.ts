/** What the readers of devices look things up in: the parts of a command line that other parts name by id. */
import { createElement, type XmlElement, type XmlNode } from '../../xml/xml-element.ts';
import { type Json, type KeyedValue, text } from './qemu-options.ts';

export interface NativeParts {
  readonly blockdevs: ReadonlyMap<string, Json>;
  readonly netdevs: ReadonlyMap<string, Json>;
  readonly chardevs: ReadonlyMap<string, KeyedValue>;
  readonly objects: ReadonlyMap<string, Json>;
  /** Sockets here were chosen by the driver, and are by the next start again. */
  readonly runFolder: string;
  readonly logFolder: string;
}

/** An element whose absent attributes and children are left out. */
export function element(name: string, attributes: Readonly<Record<string, string | null>> = {}, children: readonly (XmlNode | null)[] = []): XmlElement {
  const present = Object.fromEntries(Object.entries(attributes).filter((pair): pair is [string, string] => pair[1] !== null));
  return createElement(name, present, children.filter((child) => child !== null));
}

export function textElement(name: string, content: string | null): XmlElement | null {
  return content === null ? null : element(name, {}, [content]);
}

/** The index in an id such as `pci.3`, `usb1`, `virtio-serial0`; the first of some has none. */
export function indexOf(id: string | null): string {
  return /(\d+)$/.exec(id ?? '')?.[1] ?? '0';
}

/** `<address>` of a device on a PCI bus, of `bus` and `addr` (`0x2.0x1`). */
export function pciAddress(properties: Json): XmlElement | null {
  const [addr, bus] = [text(properties['addr']), text(properties['bus'])];
  if (addr === null || bus === null) return null;
  const [slot = '0x0', fn = '0x0'] = addr.split('.');
  const multifunction = properties['multifunction'] === undefined ? null : properties['multifunction'] === true ? 'on' : 'off';
  return element('address', { type: 'pci', domain: '0x0000', bus: bus === 'pcie.0' ? '0x00' : `0x${Number(indexOf(bus)).toString(16).padStart(2, '0')}`, slot, function: fn, multifunction });
}

/** `usb.0` and port `1.2`. */
export function usbAddress(properties: Json): XmlElement | null {
  const [bus, port] = [text(properties['bus']), text(properties['port'])];
  return bus === null || port === null ? null : element('address', { type: 'usb', bus: indexOf(bus.replace(/\.0$/, '').replace(/^usb$/, 'usb0')), port });
}

/** `virtio-serial0.0` and port number. */
export function virtioSerialAddress(properties: Json): XmlElement | null {
  const bus = /^virtio-serial(\d+)\.(\d+)$/.exec(text(properties['bus']) ?? '');
  return bus ? element('address', { type: 'virtio-serial', controller: bus[1] ?? '0', bus: bus[2] ?? '0', port: text(properties['nr']) ?? '0' }) : null;
}

export function bootOrder(properties: Json): XmlElement | null {
  const order = text(properties['bootindex']);
  return order === null ? null : element('boot', { order });
}

/** `virtio-blk-pci-transitional` is virtio-blk of the model virtio-transitional; null for what is not virtio. */
export function virtioDriver(driver: string): { readonly device: string; readonly model: string } | null {
  const parts = /^(?:vhost-)?(virtio-[a-z-]+?)-(?:pci|ccw|device)(-transitional|-non-transitional)?$/.exec(driver);
  return parts ? { device: parts[1] ?? '', model: `virtio${parts[2] ?? ''}` } : null;
}
