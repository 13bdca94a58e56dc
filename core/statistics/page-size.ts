/** The size of the host's memory pages, which /proc counts in. Node does not tell it; the kernel tells every program. */
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';

/** AT_PAGESZ (elf.h). */
const pageSizeEntry = 6n;
const usualBytes = 4096;

let known: Promise<number> | null = null;

export function pageSizeBytes(): Promise<number> {
  known ??= readFile('/proc/self/auxv').then(parsePageSize, () => usualBytes);
  return known;
}

/** /proc/PID/auxv: pairs of 64-bit words, each a key and its value. */
export function parsePageSize(vector: Buffer): number {
  const word = (offset: number): bigint => (endianness() === 'LE' ? vector.readBigUInt64LE(offset) : vector.readBigUInt64BE(offset));
  for (let offset = 0; offset + 16 <= vector.length; offset += 16) if (word(offset) === pageSizeEntry) return Number(word(offset + 8));
  return usualBytes;
}
