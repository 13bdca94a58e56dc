/** Where a device is plugged in, as `<address>` says it. Numbers keep libvirt's spelling: PCI in hexadecimal. */
import { attribute, child, type Codec, type Infer, object, optional, union, withDefault } from './codec/codec.ts';
import { hexadecimal, integer, onOff, pattern, unsigned, wideHexadecimal } from './codec/scalar.ts';

const byteField = (name: string) => withDefault(attribute(name, hexadecimal(2, 0xff)), 0);
const numberField = (name: string) => withDefault(attribute(name, unsigned), 0);

const addressCodec = union('type', {
  pci: object({
    domain: withDefault(attribute('domain', hexadecimal(4, 0xffff)), 0),
    bus: byteField('bus'),
    slot: withDefault(attribute('slot', hexadecimal(2, 0x1f)), 0),
    function: withDefault(attribute('function', hexadecimal(1, 7)), 0),
    multifunction: optional(attribute('multifunction', onOff)),
    /** What s390x calls a PCI function: user and function identifiers. */
    zpci: optional(child('zpci', object({ uid: optional(attribute('uid', hexadecimal(4, 0xffff))), fid: optional(attribute('fid', hexadecimal(8, 0xffff_ffff))) }))),
  }),
  drive: object({ controller: numberField('controller'), bus: numberField('bus'), target: numberField('target'), unit: numberField('unit') }),
  'virtio-serial': object({ controller: numberField('controller'), bus: numberField('bus'), port: optional(attribute('port', unsigned)) }),
  usb: object({ bus: numberField('bus'), port: optional(attribute('port', pattern(/^[1-9]\d?(\.[1-9]\d?){0,3}$/, 'a port such as 1 or 1.2'))) }),
  isa: object({ iobase: optional(attribute('iobase', hexadecimal(1, 0xffff))), irq: optional(attribute('irq', hexadecimal(1, 0xff))) }),
  ccid: object({ controller: numberField('controller'), slot: optional(attribute('slot', unsigned)) }),
  'spapr-vio': object({ reg: optional(attribute('reg', wideHexadecimal(8))) }),
  'virtio-mmio': object({}),
  dimm: object({ slot: optional(attribute('slot', unsigned)), base: optional(attribute('base', wideHexadecimal(1))) }),
  /** A hostdev that is held for the domain and not given to it. */
  unassigned: object({}),
  ccw: object({
    cssid: attribute('cssid', hexadecimal(1, 0xfe)),
    ssid: attribute('ssid', hexadecimal(1, 3)),
    devno: attribute('devno', hexadecimal(4, 0xffff)),
  }),
});

export type Address = Infer<typeof addressCodec>;
export type AddressType = Address['type'];
export type AddressOf<T extends AddressType> = Extract<Address, { readonly type: T }>;
export type PciAddress = AddressOf<'pci'>;
export type DriveAddress = AddressOf<'drive'>;
export type UsbAddress = AddressOf<'usb'>;
export type VirtioSerialAddress = AddressOf<'virtio-serial'>;
export type CcwAddress = AddressOf<'ccw'>;

/** Aliases that users chose begin with this; all others are the driver's and belong to one run. */
const userAliasPrefix = 'ua-';

/** A user's own alias belongs to the definition, a generated one to the run. */
const aliasCodec: Codec<string | null> = (() => {
  const anyAlias = optional(child('alias', attribute('name', pattern(/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, ".", "-" and "_"'))));
  return {
    ...anyAlias,
    read(cursor) {
      const alias = anyAlias.read(cursor);
      return cursor.context.form === 'live' || alias?.startsWith(userAliasPrefix) ? alias : null;
    },
    write(alias, builder) {
      if (builder.context.form === 'live' || alias?.startsWith(userAliasPrefix)) anyAlias.write(alias, builder);
    },
  };
})();

/** The fields that every device ends with; spread them last into its codec. */
export const deviceFields = {
  /** QEMU's id of the device, null before a run unless the user chose one. */
  alias: aliasCodec,
  address: optional(child('address', addressCodec)),
} as const;

/** Boot order of one device, for kinds that can be booted from; stands before the alias. */
export const bootField = {
  boot: optional(child('boot', object({ order: attribute('order', integer(1, 9999)), loadparm: optional(attribute('loadparm', pattern(/^[A-Za-z0-9. ]{1,8}$/, 'up to 8 letters and digits'))) }))),
} as const;

export function pciAddress(bus: number, slot: number, functionNumber = 0, multifunction: boolean | null = null): PciAddress {
  return { type: 'pci', domain: 0, bus, slot, function: functionNumber, multifunction, zpci: null };
}

/** As messages and libvirt spell it: `0000:00:1f.2`. */
export function formatPciAddress({ domain, bus, slot, function: fn }: PciAddress): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${fn}`;
}
