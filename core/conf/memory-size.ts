/** Sizes of memory: libvirt's units on the way in, KiB inside and on the way out. */
import type { Codec } from './codec/codec.ts';

const unitBytes: ReadonlyMap<string, number> = new Map([
  ['b', 1], ['bytes', 1],
  ['KB', 1e3], ['k', 1024], ['K', 1024], ['KiB', 1024],
  ['MB', 1e6], ['m', 2 ** 20], ['M', 2 ** 20], ['MiB', 2 ** 20],
  ['GB', 1e9], ['g', 2 ** 30], ['G', 2 ** 30], ['GiB', 2 ** 30],
  ['TB', 1e12], ['t', 2 ** 40], ['T', 2 ** 40], ['TiB', 2 ** 40],
]);

/** The element's text with its `unit` (KiB where none is named), in KiB, rounded up. */
export const memorySize: Codec<number> = {
  read(cursor) {
    const unit = cursor.attribute('unit') ?? 'KiB';
    const bytes = unitBytes.get(unit) ?? cursor.failValue('unit', unit, [...unitBytes.keys()].join(', '));
    const content = cursor.text().trim();
    const sizeKiB = /^\d{1,18}$/.test(content) ? Math.ceil((Number(content) * bytes) / 1024) : Number.NaN;
    return Number.isSafeInteger(sizeKiB) ? sizeKiB : cursor.failValue(null, content, 'a whole number of at most 18 digits');
  },
  write(sizeKiB, builder) {
    builder.attribute('unit', 'KiB');
    builder.text(String(sizeKiB));
  },
  present: (cursor) => cursor.hasText(),
  shape: { type: 'scalar', scalar: { shape: { type: 'integer', minimum: 0, maximum: 0x7fff_ffff } } },
};

/** The one place where memory is rounded: up to the whole MiB, as QEMU wants it. */
export function roundMemory(sizeKiB: number): number {
  return Math.ceil(sizeKiB / 1024) * 1024;
}
