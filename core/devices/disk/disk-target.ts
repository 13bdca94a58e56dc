/** What a target's name says: the bus where none is given, and the disk's number on it. */
import type { Disk } from './disk-definition.ts';

type Target = Disk['target'];
type Bus = NonNullable<Target['bus']>;

const busOfPrefix: Readonly<Record<string, Bus>> = { vd: 'virtio', xvd: 'virtio', ubd: 'virtio', sd: 'scsi', hd: 'ide', fd: 'fdc' };

export function diskBus({ bus, dev }: Target): Bus {
  return bus ?? busOfPrefix[prefixOf(dev)] ?? 'virtio';
}

/** `sda` is 0, `sdz` 25, `sdaa` 26. */
export function diskIndex(dev: string): number {
  const letters = dev.slice(prefixOf(dev).length);
  let index = 0;
  for (const letter of letters) index = index * 26 + (letter.charCodeAt(0) - 'a'.charCodeAt(0) + 1);
  return index - 1;
}

function prefixOf(dev: string): string {
  return /^(xvd|ubd|vd|sd|hd|fd)/.exec(dev)?.[0] ?? '';
}
