/** `<redirfilter>`: which USB devices clients may hand to the guest. No device of its own: redirdev renders it. */
import { VireoError } from '../../base/errors.ts';
import { absent, attribute, children, type Codec, type Infer, mapped, object, optional } from '../../conf/codec/codec.ts';
import { type Scalar, yesNo } from '../../conf/codec/scalar.ts';
import type { Address } from '../../conf/device-address.ts';
import { type DeviceDefinition, devicesOf } from '../../conf/device-definition.ts';
import type { DeviceModule } from '../device-module.ts';

/** Everything: how the definition says that a property does not matter. */
const any = -1;

/** `0x08`, in upper case as libvirt prints it. */
function usbNumber(digits: number): Scalar<number> {
  const maximum = 16 ** digits - 1;
  return {
    parse(text) {
      if (text === '-1') return any;
      const value = /^(0x[0-9a-f]{1,4}|\d{1,5})$/i.test(text) ? Number(text) : Number.NaN;
      return value <= maximum ? value : undefined;
    },
    format: (value) => `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`,
    allowed: `-1 for any, or a number from 0x0 to 0x${maximum.toString(16)}`,
    shape: { type: 'integer', minimum: 0, maximum },
  };
}

/** `1.10`: binary coded decimals, as USB keeps them; 0x0110. */
const usbVersion: Scalar<number> = {
  parse(text) {
    if (text === '-1') return any;
    const [, major = '', minor = ''] = /^(\d{1,2})\.(\d{1,2})$/.exec(text) ?? [];
    return major === '' ? undefined : Number.parseInt(`${major}${minor.length === 1 ? `${minor}0` : minor}`, 16);
  },
  format(value) {
    const digits = value.toString(16).padStart(4, '0');
    return `${Number(digits.slice(0, 2))}.${digits.slice(2)}`;
  },
  allowed: '-1 for any, or a version such as 1.10',
  shape: { type: 'values', values: [0x0100, 0x0110, 0x0200, 0x1234] },
};

/** Null where the property does not matter; libvirt's other word for that, -1, is not written. */
function unlessAny(name: string, scalar: Scalar<number>): Codec<number | null> {
  const orNull = (value: number | null): number | null => (value === any ? null : value);
  return mapped(optional(attribute(name, scalar)), orNull, orNull);
}

const redirfilterCodec = object({
  usbdevs: children('usbdev', object({
    class: unlessAny('class', usbNumber(2)),
    vendor: unlessAny('vendor', usbNumber(4)),
    product: unlessAny('product', usbNumber(4)),
    version: unlessAny('version', usbVersion),
    allow: attribute('allow', yesNo),
  })),
  alias: absent<string>(),
  address: absent<Address>(),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    redirfilter: Infer<typeof redirfilterCodec>;
  }
}

export const redirfilterModule: DeviceModule<'redirfilter'> = {
  kind: 'redirfilter',
  codec: redirfilterCodec,
  defaults: (filter) => filter,
  domainDefaults: 'none',
  validate(_, { definition }) {
    if (devicesOf(definition.devices, 'redirfilter').length > 1) throw new VireoError('XML_ERROR', 'a domain has at most one <redirfilter>');
  },
  address: () => ({ type: 'none' }),
  alias: (_, number) => number('redirfilter'),
  abi: { usbdevs: 'same', alias: 'may-change', address: 'may-change' },
  prepare: 'nothing',
  commandLine: () => [],
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: () => 'USB redirection filter',
};

/** QEMU's spelling of the rules, the first that fits decides; null where there are none. */
export function filterRules(devices: readonly DeviceDefinition[]): string | null {
  const rules = devicesOf(devices, 'redirfilter').flatMap(({ usbdevs }) => usbdevs);
  if (rules.length === 0) return null;
  const hex = (value: number | null, digits: number): string => (value === null ? '-1' : `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`);
  return rules.map((rule) => [hex(rule.class, 2), hex(rule.vendor, 4), hex(rule.product, 4), hex(rule.version, 4), rule.allow ? 1 : 0].join(':')).join('|');
}
