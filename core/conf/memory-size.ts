/** Sizes of memory: libvirt's units on the way in, one unit inside, libvirt's spelling on the way out. */
import type { Codec } from './codec/codec.ts';
import type { ElementCursor } from './codec/element-cursor.ts';

const powers = 'kmgtpe';
const unitWords = 'b, bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB';

/** Bytes in one `unit`, whose case does not matter: K and KiB are 1024, KB is 1000. */
function unitBytes(unit: string): number | null {
  if (/^b(ytes?)?$/i.test(unit)) return 1;
  const [, letter, rest] = /^([kmgtpe])(i?b)?$/i.exec(unit) ?? [];
  if (letter === undefined) return null;
  return (rest?.length === 1 ? 1000 : 1024) ** (powers.indexOf(letter.toLowerCase()) + 1);
}

/** How a size is written: in KiB, in bytes, or in the largest unit that leaves a whole number. */
type Spelling = 'KiB' | 'B' | 'pretty';

export interface SizeOptions {
  /** Meant where no unit is named; KiB unless given. */
  readonly unit?: string;
  /** KiB unless given. The value inside is in KiB for 'KiB' and in bytes for the others. */
  readonly spelling?: Spelling;
}

/** The element's text with its `unit`, rounded up. */
export function sizeText(options: SizeOptions = {}): Codec<number> {
  return sizeCodec(options, {
    read: (cursor) => cursor.text(),
    write(builder, text, unit) {
      builder.attribute('unit', unit);
      builder.text(text);
    },
    present: (cursor) => cursor.hasText(),
    name: null,
  });
}

/** `<cell memory='512' unit='MiB'/>`: the attribute with the `unit` beside it. */
export function sizeAttribute(name: string, options: SizeOptions = {}): Codec<number> {
  return sizeCodec(options, {
    read: (cursor) => cursor.attribute(name) ?? cursor.failMissing('attribute', name),
    write(builder, text, unit) {
      builder.attribute(name, text);
      builder.attribute('unit', unit);
    },
    present: (cursor) => cursor.hasAttribute(name),
    name,
  });
}

/** The element's text with its `unit` (KiB where none is named), in KiB, rounded up. */
export const memorySize: Codec<number> = sizeText();

interface Place {
  readonly read: (cursor: ElementCursor) => string;
  readonly write: (builder: Parameters<Codec<number>['write']>[1], text: string, unit: string) => void;
  readonly present: (cursor: ElementCursor) => boolean;
  readonly name: string | null;
}

function sizeCodec({ unit: defaultUnit = 'KiB', spelling = 'KiB' }: SizeOptions, place: Place): Codec<number> {
  const inside = spelling === 'KiB' ? 1024 : 1;
  return {
    read(cursor) {
      const unit = cursor.attribute('unit') || defaultUnit;
      const bytes = unitBytes(unit) ?? cursor.failValue('unit', unit, unitWords);
      const content = place.read(cursor).trim();
      const size = /^\d{1,19}$/.test(content) ? Math.ceil((Number(content) * bytes) / inside) : Number.NaN;
      return Number.isSafeInteger(size) ? size : cursor.failValue(place.name, content, 'a whole number of at most 9007199254740991 in its unit');
    },
    write(size, builder) {
      const [text, unit] = spelling === 'pretty' ? pretty(size) : [String(size), spelling];
      place.write(builder, text, unit);
    },
    present: place.present,
    shape: { type: 'scalar', scalar: { shape: { type: 'integer', minimum: 0, maximum: 0x7fff_ffff } } },
  };
}

function pretty(bytes: number): readonly [text: string, unit: string] {
  let size = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB', 'TiB']) {
    if (size === 0 || size % 1024 !== 0) return [String(size), unit];
    size /= 1024;
  }
  return [String(size), 'PiB'];
}

/** The one place where memory is rounded: up to the whole MiB, as QEMU wants it, or to the whole steps of a board. */
export function roundMemory(sizeKiB: number, stepKiB = 1024): number {
  return Math.ceil(sizeKiB / stepKiB) * stepKiB;
}
