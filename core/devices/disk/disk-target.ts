/** What a target's name says: the bus where none is given, and the disk's number on it. */
import type { Disk } from './disk-definition.ts';

type Target = Disk['target'];
export type DiskBus = NonNullable<Target['bus']>;

const busOfPrefix: Readonly<Record<string, DiskBus>> = { vd: 'virtio', xvd: 'xen', ubd: 'uml', sd: 'scsi', hd: 'ide', fd: 'fdc' };

export function diskBus({ target: { bus, dev }, device }: Pick<Disk, 'target' | 'device'>): DiskBus {
  if (bus !== null) return bus;
  return device === 'floppy' ? 'fdc' : (busOfPrefix[prefixOf(dev)] ?? 'ide');
}

/** `sda` is 0, `sdz` 25, `sdaa` 26; null for a name that ends otherwise than in small letters. */
export function diskIndex(dev: string): number | null {
  const letters = dev.slice(prefixOf(dev).length);
  if (!/^[a-z]{1,4}$/.test(letters)) return null;
  let index = 0;
  for (const letter of letters) index = index * 26 + (letter.charCodeAt(0) - 'a'.charCodeAt(0) + 1);
  return index - 1;
}

export function prefixOf(dev: string): string {
  return /^(xvd|ubd|vd|sd|hd|fd)/.exec(dev)?.[0] ?? '';
}
