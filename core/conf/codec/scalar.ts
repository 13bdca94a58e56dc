/** Texts with a meaning: what stands in an attribute or between two tags. */

/** How a value of the scalar can be made up, for property tests. */
export type ScalarShape<T> =
  | { readonly type: 'text'; readonly minimumLength: number }
  | { readonly type: 'values'; readonly values: readonly T[] }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'wide integer' }
  | { readonly type: 'pattern'; readonly pattern: RegExp };

export interface Scalar<T> {
  /** The value, or undefined where the text is not one. */
  readonly parse: (text: string) => T | undefined;
  readonly format: (value: T) => string;
  /** Ends the sentence "Allowed: ...". */
  readonly allowed: string;
  readonly shape: ScalarShape<T>;
}

/** Any text, the empty one too. */
export const anyText: Scalar<string> = {
  parse: (text) => text,
  format: (value) => value,
  allowed: 'any text',
  shape: { type: 'text', minimumLength: 0 },
};

/** Any text but the empty one: names, paths. */
export const someText: Scalar<string> = {
  parse: (text) => (text === '' ? undefined : text),
  format: (value) => value,
  allowed: 'a text that is not empty',
  shape: { type: 'text', minimumLength: 1 },
};

export function oneOf<const T extends string>(values: readonly T[]): Scalar<T> {
  return {
    parse: (text) => values.find((value) => value === text),
    format: (value) => value,
    allowed: values.join(', '),
    shape: { type: 'values', values },
  };
}

function twoWords(yes: string, no: string): Scalar<boolean> {
  return {
    parse: (text) => (text === yes ? true : text === no ? false : undefined),
    format: (value) => (value ? yes : no),
    allowed: `${yes}, ${no}`,
    shape: { type: 'values', values: [true, false] },
  };
}

export const yesNo: Scalar<boolean> = twoWords('yes', 'no');
export const onOff: Scalar<boolean> = twoWords('on', 'off');

/** A whole number in decimal. */
export function integer(minimum: number, maximum: number): Scalar<number> {
  return {
    parse(text) {
      const value = /^-?\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
      return value >= minimum && value <= maximum ? value : undefined;
    },
    format: (value) => String(value),
    allowed: `a whole number from ${minimum} to ${maximum}`,
    shape: { type: 'integer', minimum, maximum },
  };
}

export const unsigned: Scalar<number> = integer(0, 0xffff_ffff);
export const positive: Scalar<number> = integer(1, 0xffff_ffff);

/** A number that libvirt prints as `0x1f`, padded to `digits`; decimal is read too. */
export function hexadecimal(digits: number, maximum: number): Scalar<number> {
  return {
    parse(text) {
      const value = /^(0x[0-9a-f]{1,12}|\d{1,15})$/i.test(text) ? Number(text) : Number.NaN;
      return value <= maximum ? value : undefined;
    },
    format: (value) => `0x${value.toString(16).padStart(digits, '0')}`,
    allowed: `a number from 0x0 to 0x${maximum.toString(16)}`,
    shape: { type: 'integer', minimum: 0, maximum },
  };
}

/** A number of up to 64 bits, exact: beyond what a double holds. Decimal is read too. */
export function wideHexadecimal(digits: number): Scalar<bigint> {
  return {
    parse: (text) => (/^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text) ? BigInt(text) : undefined),
    format: (value) => `0x${value.toString(16).padStart(digits, '0')}`,
    allowed: 'a number of up to 64 bits, such as 0x100000000',
    shape: { type: 'wide integer' },
  };
}

/** A text of one form; `normalize` brings spellings that mean the same to one. */
export function pattern(form: RegExp, allowed: string, normalize: (text: string) => string = (text) => text): Scalar<string> {
  return {
    parse: (text) => (form.test(text) ? normalize(text) : undefined),
    format: (value) => value,
    allowed,
    shape: { type: 'pattern', pattern: form },
  };
}

/** A UUID with or without hyphens, in lower case with them. */
export const uuid: Scalar<string> = {
  parse(text) {
    const digits = text.trim().replaceAll('-', '').toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(digits)) return undefined;
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  },
  format: (value) => value,
  allowed: 'a UUID such as 3b6d4f9e-7a51-4f0c-9d2e-0c8f1a2b3c4d',
  shape: { type: 'pattern', pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ },
};

/** A MAC address of one station; a multicast address belongs to no card. */
export const macAddress: Scalar<string> = {
  parse(text) {
    const address = text.toLowerCase();
    if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/.test(address)) return undefined;
    const bytes = address.split(':').map((byte) => byte.padStart(2, '0'));
    return Number.parseInt(bytes[0] ?? '', 16) & 1 ? undefined : bytes.join(':');
  },
  format: (value) => value,
  allowed: 'a unicast MAC address such as 52:54:00:12:34:56',
  shape: { type: 'pattern', pattern: /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/ },
};

const ipv4Byte = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4Form = new RegExp(`^${ipv4Byte}(\\.${ipv4Byte}){3}$`);
/** Groups and one `::` are counted below: a pattern of all spellings would be unreadable. */
const ipv6Form = /^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,8}$/;

/** An IPv4 or IPv6 address, the latter in lower case; no scope and no IPv4 tail. */
export const ipAddress: Scalar<string> = {
  parse(text) {
    const address = text.toLowerCase();
    if (ipv4Form.test(address)) return address;
    if (!ipv6Form.test(address)) return undefined;
    const halves = address.split('::');
    const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
    const isWhole = halves.length === 1 && groups.length === 8;
    const isShortened = halves.length === 2 && groups.length < 8;
    return groups.every((group) => group !== '') && (isWhole || isShortened) ? address : undefined;
  },
  format: (value) => value,
  allowed: 'an IPv4 or IPv6 address',
  shape: { type: 'pattern', pattern: /^((10|172)\.(1?\d\.){2}[1-9]|fd00(:[1-9a-f]{1,4}){1,3}::[1-9a-f]{0,4})$/ },
};

export const ipv4Address: Scalar<string> = pattern(ipv4Form, 'an IPv4 address');
