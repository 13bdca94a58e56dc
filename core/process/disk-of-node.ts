/** Which disk of a running domain an event is about: QEMU names a node of its block graph, a device, or its place in QOM. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type Disk, diskSource } from '../devices/disk/disk-definition.ts';
import { imagesOf } from '../devices/disk/disk-images.ts';

export interface DiskPlace {
  readonly disk: Disk;
  /** The host's file or device of the image that the node is of, null where it has none. */
  readonly path: string | null;
}

/** By a node's name, as block-nodes.ts gives them; null for a node that is no disk's. */
export function diskOfNode({ devices }: DomainDefinition, node: string): DiskPlace | null {
  const disks = devicesOf(devices, 'disk');
  const reading = /^libvirt-CoR-(.+)$/.exec(node);
  if (reading) {
    const disk = disks.find(({ target }) => target.dev === reading[1]);
    return disk ? { disk, path: diskSource(disk) } : null;
  }
  const number = Number(/^libvirt-(\d+)-/.exec(node)?.[1] ?? Number.NaN);
  for (const disk of disks) {
    const image = imagesOf(disk).find((each) => each.number === number);
    if (image) return { disk, path: image.isTop ? diskSource(disk) : pathOf(image.backend) };
  }
  return null;
}

function pathOf(backend: object): string | null {
  const source = 'source' in backend ? (backend.source as { readonly file?: string | null; readonly dev?: string | null } | null) : null;
  return source?.file ?? source?.dev ?? null;
}

/** By the device's id, or by a path in QOM that goes through it. */
export function diskOfDevice({ devices }: DomainDefinition, id: string): DiskPlace | null {
  const alias = /^\/machine\/peripheral\/([^/]+)/.exec(id)?.[1] ?? id;
  const disk = devicesOf(devices, 'disk').find((each) => each.alias === alias);
  return disk ? { disk, path: diskSource(disk) } : null;
}
