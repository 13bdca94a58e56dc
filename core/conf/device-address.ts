/** Where a device is plugged in, as `<address>` says it. Numbers keep libvirt's spelling: PCI in hexadecimal. */
import { attribute, child, type Codec, type Infer, mapped, object, optional, union, withDefault } from './codec/codec.ts';
import { hexadecimal, integer, onOff, pattern, type Scalar, unsigned, wideHexadecimal } from './codec/scalar.ts';

const byteField = (name: string) => withDefault(attribute(name, hexadecimal(2, 0xff)), 0);
/** libvirt's schema knows two digits; its driver and virtio-scsi take more. */
const driveTarget: Scalar<number> = { ...integer(0, 0xffff), shape: integer(0, 99).shape };

/** As many digits as libvirt's schema allows. */
const numberField = (name: string, maximum = 99) => withDefault(attribute(name, integer(0, maximum)), 0);
const noCcwNumber = { cssid: null, ssid: null, devno: null } as const;

/** libvirt reads these in base 16 whether or not they say 0x. */
function bareHexadecimal(digits: number, maximum: number): Scalar<number> {
  const scalar = hexadecimal(digits, maximum);
  return { ...scalar, parse: (text) => scalar.parse(text.startsWith('0x') ? text : `0x${text}`) };
}

/** The `reg` of a virtual I/O device of pSeries, in base 16 as well. */
const vioRegister: Scalar<bigint> = {
  ...wideHexadecimal(8),
  allowed: 'a number of up to 32 bits, such as 0x2000',
  parse: (text) => (/^(0x)?[0-9a-f]{1,8}$/i.test(text) ? BigInt(text.startsWith('0x') ? text : `0x${text}`) : undefined),
  shape: { type: 'values', values: [0x1000n, 0x2000n, 0x7100_0000n, 0xffff_ffffn] },
};

const addressCodec = union('type', {
  pci: object({
    domain: withDefault(attribute('domain', hexadecimal(4, 0xffff)), 0),
    bus: byteField('bus'),
    slot: withDefault(attribute('slot', hexadecimal(2, 0x1f)), 0),
    function: withDefault(attribute('function', hexadecimal(1, 7)), 0),
    multifunction: optional(attribute('multifunction', onOff)),
    /** What s390x calls a PCI function: user and function identifiers, filled in when the device gets its address. */
    zpci: optional(child('zpci', object({ uid: optional(attribute('uid', hexadecimal(4, 0xffff))), fid: optional(attribute('fid', hexadecimal(8, 0xffff_ffff))) }))),
  }),
  drive: object({ controller: numberField('controller'), bus: numberField('bus'), target: withDefault(attribute('target', driveTarget), 0), unit: numberField('unit', 99_999) }),
  'virtio-serial': object({ controller: numberField('controller'), bus: numberField('bus'), port: optional(attribute('port', integer(0, 99))) }),
  usb: object({ bus: numberField('bus', 999), port: optional(attribute('port', pattern(/^[1-9]\d{0,2}(\.[1-9]\d{0,2}){0,3}$/, 'a port such as 1 or 1.2'))) }),
  isa: object({ iobase: optional(attribute('iobase', bareHexadecimal(1, 0xffff))), irq: optional(attribute('irq', bareHexadecimal(1, 0xf))) }),
  ccid: object({ controller: numberField('controller'), slot: optional(attribute('slot', integer(0, 99))) }),
  'spapr-vio': object({ reg: optional(attribute('reg', vioRegister)) }),
  'virtio-mmio': object({}),
  dimm: object({ slot: optional(attribute('slot', unsigned)), base: optional(attribute('base', wideHexadecimal(1))) }),
  /** A hostdev that is held for the domain and not given to it. */
  unassigned: object({}),
  /** Either all three or none of them; virtio devices are usually in the channel subsystem 0xfe. */
  ccw: mapped(
    optional(object({ cssid: attribute('cssid', hexadecimal(1, 0xfe)), ssid: attribute('ssid', hexadecimal(1, 3)), devno: attribute('devno', hexadecimal(4, 0xffff)) })),
    (number): { readonly cssid: number | null; readonly ssid: number | null; readonly devno: number | null } => number ?? noCcwNumber,
    ({ cssid, ssid, devno }) => (cssid === null || ssid === null || devno === null ? null : { cssid, ssid, devno }),
  ),
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
