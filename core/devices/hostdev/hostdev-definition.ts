/** What `<hostdev>` holds: which device of the host the guest gets, and how it sees it. */
import { attribute, child, childFlag, children, childText, type Codec, type Infer, liveOnly, object, optional, union, withDefault } from '../../conf/codec/codec.ts';
import { hexadecimal, ipAddress, oneOf, onOff, pattern, someText, unsigned, uuid, yesNo } from '../../conf/codec/scalar.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { bootField } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { storageHostCodec } from '../disk/network-source.ts';
import { authCodec } from '../disk/storage-encryption.ts';
import { romFields } from '../pci-fields.ts';
import { cNumber } from './c-number.ts';

const managed = { managed: withDefault(attribute('managed', yesNo), false) };
const startupPolicy = optional(attribute('startupPolicy', oneOf(['mandatory', 'requisite', 'optional'])));
const displayFields = { display: optional(attribute('display', onOff)), ramfb: optional(attribute('ramfb', onOff)) };

/** What every host device ends with. */
const endFields = {
  teaming: optional(child('teaming', object({ type: attribute('type', oneOf(['persistent', 'transient'])), persistent: optional(attribute('persistent', someText)) }))),
  readonly: childFlag('readonly'),
  shareable: childFlag('shareable'),
  ...bootField,
  ...romFields,
};

/** Always a PCI address, which is why its type is not said. */
const hostPciAddress = object({
  domain: withDefault(attribute('domain', hexadecimal(4, 0xffff)), 0),
  bus: withDefault(attribute('bus', hexadecimal(2, 0xff)), 0),
  slot: withDefault(attribute('slot', hexadecimal(2, 0x1f)), 0),
  function: withDefault(attribute('function', hexadecimal(1, 7)), 0),
});

const usbSource = object({
  startupPolicy,
  /** Whether a run goes on without it; output only. */
  missing: liveOnly(optional(attribute('missing', yesNo))),
  guestReset: optional(attribute('guestReset', oneOf(['off', 'uninitialized', 'on']))),
  vendor: optional(child('vendor', object({ id: attribute('id', hexadecimal(4, 0xffff)) }))),
  product: optional(child('product', object({ id: attribute('id', hexadecimal(4, 0xffff)) }))),
  address: optional(child('address', object({ bus: attribute('bus', cNumber(0xfff)), device: attribute('device', cNumber(0xfff)) }))),
});

const adapterSource = object({
  adapter: child('adapter', object({ name: attribute('name', someText) })),
  address: child('address', object({ bus: attribute('bus', cNumber(0xffff_ffff)), target: attribute('target', cNumber(0xffff_ffff)), unit: attribute('unit', cNumber(Number.MAX_SAFE_INTEGER)) })),
});
const iscsiSource = object({
  name: attribute('name', someText),
  hosts: children('host', storageHostCodec),
  auth: optional(child('auth', authCodec)),
  initiator: optional(child('initiator', child('iqn', attribute('name', someText)))),
});
const protocols = union('protocol', { adapter: adapterSource, iscsi: iscsiSource }, 'adapter');

/** An adapter is what is meant where no protocol is named, and is not named in turn. */
const scsiSource: Codec<Infer<typeof protocols>> = {
  ...protocols,
  write: (source, builder) => (source.protocol === 'adapter' ? adapterSource.write(source, builder) : protocols.write(source, builder)),
};

const subsystem = union('type', {
  usb: object({ ...managed, source: child('source', usbSource), ...endFields }),
  pci: object({
    ...managed,
    ...displayFields,
    driver: section('driver', { name: optional(attribute('name', oneOf(['kvm', 'vfio', 'xen']))), model: optional(attribute('model', someText)) }),
    source: child('source', object({ startupPolicy, writeFiltering: optional(attribute('writeFiltering', yesNo)), address: child('address', hostPciAddress) })),
    ...endFields,
  }),
  scsi: object({
    ...managed,
    sgio: optional(attribute('sgio', oneOf(['filtered', 'unfiltered']))),
    rawio: optional(attribute('rawio', yesNo)),
    source: child('source', scsiSource),
    ...endFields,
  }),
  scsi_host: object({
    ...managed,
    model: optional(attribute('model', oneOf(['virtio', 'virtio-transitional', 'virtio-non-transitional']))),
    source: child('source', object({
      protocol: attribute('protocol', oneOf(['vhost'])),
      wwpn: attribute('wwpn', pattern(/^naa\.[0-9a-fA-F]{16}$/, 'a name such as naa.5123456789abcde0')),
    })),
    ...endFields,
  }),
  mdev: object({
    ...managed,
    model: attribute('model', oneOf(['vfio-pci', 'vfio-ccw', 'vfio-ap'])),
    ...displayFields,
    source: child('source', object({ address: child('address', object({ uuid: attribute('uuid', uuid) })) })),
    ...endFields,
  }),
});

const family = optional(attribute('family', oneOf(['ipv4', 'ipv6'])));
const prefix = optional(attribute('prefix', unsigned));

/** What containers are given; read and kept for documents that hold it. */
const capabilities = union('type', {
  storage: object({ source: child('source', object({ block: childText('block', someText) })), ...endFields }),
  misc: object({ source: child('source', object({ char: childText('char', someText) })), ...endFields }),
  net: object({
    source: child('source', object({ interface: childText('interface', someText) })),
    addresses: children('ip', object({ address: attribute('address', ipAddress), family, prefix, peer: optional(attribute('peer', ipAddress)) })),
    routes: children('route', object({
      family, address: attribute('address', ipAddress), netmask: optional(attribute('netmask', ipAddress)), prefix,
      gateway: attribute('gateway', ipAddress), metric: optional(attribute('metric', unsigned)),
    })),
    ...endFields,
  }),
});

export const hostdevCodec = union('mode', { subsystem, capabilities }, 'subsystem');

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    hostdev: Infer<typeof hostdevCodec>;
  }
}

export type Hostdev = DeviceOf<'hostdev'>;
export type HostdevType = Hostdev['type'];
export type HostdevOf<T extends HostdevType> = Extract<Hostdev, { readonly type: T }>;
export type IscsiHostdevSource = Extract<HostdevOf<'scsi'>['source'], { readonly protocol: 'iscsi' }>;

/** A few words that name the device on the host, as messages and lists need them. */
export function hostNameOf(hostdev: Hostdev): string {
  switch (hostdev.type) {
    case 'pci': {
      const { domain, bus, slot, function: fn } = hostdev.source.address;
      const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
      return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${fn}`;
    }
    case 'usb': {
      const { vendor, product, address } = hostdev.source;
      const id = (part: { readonly id: number } | null): string => (part?.id ?? 0).toString(16).padStart(4, '0');
      return address ? `${address.bus}:${address.device}` : `${id(vendor)}:${id(product)}`;
    }
    case 'scsi': {
      if (hostdev.source.protocol === 'iscsi') return hostdev.source.name;
      const { adapter, address } = hostdev.source;
      return `${adapter.name} ${address.bus}:${address.target}:${address.unit}`;
    }
    case 'scsi_host':
      return hostdev.source.wwpn;
    case 'mdev':
      return hostdev.source.address.uuid;
    case 'storage':
      return hostdev.source.block;
    case 'misc':
      return hostdev.source.char;
    case 'net':
      return hostdev.source.interface;
  }
}
