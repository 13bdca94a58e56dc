/** Sizes in bytes, with libvirt's units on the way in and none but bytes on the way out. */
import type { Codec } from '../../conf/codec/codec.ts';

const powers = ['', 'k', 'm', 'g', 't', 'p', 'e'] as const;

/** Bytes of `KiB`, `k`, `MB`, `bytes`, in any case; undefined for what is no unit. */
function unitBytes(unit: string): number | undefined {
  const { prefix, decimal } = /^(?<prefix>[kmgtpe])(?<decimal>b)?(ib)?$/i.exec(unit)?.groups ?? {};
  if (prefix === undefined) return /^(b|bytes?)?$/i.test(unit) ? 1 : undefined;
  return (decimal === undefined ? 1024 : 1000) ** powers.findIndex((power) => power === prefix.toLowerCase());
}

/** The element's text with its `unit`, bytes where none is named. */
export const byteSize: Codec<number> = {
  read(cursor) {
    const unit = cursor.attribute('unit') ?? 'bytes';
    const factor = unitBytes(unit) ?? cursor.failValue('unit', unit, 'bytes, KiB, MiB, GiB, TiB, KB, MB, GB, TB');
    const content = cursor.text().trim();
    const size = /^\d{1,16}$/.test(content) ? Number(content) * factor : Number.NaN;
    return Number.isSafeInteger(size) ? size : cursor.failValue(null, content, 'a whole number');
  },
  write(size, builder) {
    builder.attribute('unit', 'bytes');
    builder.text(String(size));
  },
  present: (cursor) => cursor.hasText(),
  shape: { type: 'scalar', scalar: { shape: { type: 'integer', minimum: 0, maximum: 0x7fff_ffff } } },
};
