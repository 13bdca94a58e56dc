/** What this process, and the guests of its hosts, hold of the computer: what grows from round to round is never given back. */
import { readFile, readdir } from 'node:fs/promises';
import { guestsOf } from './guests-of.ts';

export interface Footprint {
  readonly residentKiB: number;
  /** After a collection where Node was started with --expose-gc. */
  readonly heapKiB: number;
  readonly descriptors: number;
  readonly guests: number;
}

export async function footprint(homes: readonly string[]): Promise<Footprint> {
  (globalThis as { readonly gc?: () => void }).gc?.();
  const status = await readFile('/proc/self/status', 'utf8');
  const guests = await Promise.all(homes.map(guestsOf));
  return {
    residentKiB: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]),
    heapKiB: Math.round(process.memoryUsage().heapUsed / 1024),
    descriptors: (await readdir('/proc/self/fd')).length,
    guests: guests.flat().length,
  };
}

export function growthOf(early: Footprint, late: Footprint): string {
  const grown = (name: keyof Footprint): string => `${early[name]} to ${late[name]}`;
  return `resident KiB ${grown('residentKiB')}, heap KiB ${grown('heapKiB')}, descriptors ${grown('descriptors')}, QEMUs ${grown('guests')}`;
}
