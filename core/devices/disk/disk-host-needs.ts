/** What the host must have before QEMU is started for a disk: the images themselves, devices and helpers. */
import type { HostNeed } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';
import type { Disk } from './disk-definition.ts';
import { dataStoreOf, type DiskImage, imageOfDataStore, imagesOf } from './disk-images.ts';

export function diskHostNeeds(disk: Disk, { userId }: LaunchContext): readonly HostNeed[] {
  const images = imagesOf(disk).flatMap((image) => {
    const store = dataStoreOf(image);
    return store ? [image, imageOfDataStore(store, image.readonly)] : [image];
  });
  return [...rightsNeeds(disk, userId), ...images.flatMap((image) => imageNeeds(disk, image))];
}

function rightsNeeds({ target: { dev }, transient, rawio }: Disk, userId: number | undefined): readonly HostNeed[] {
  return [
    ...(transient ? [{ type: 'unsupported', reason: `disk '${dev}' is transient, and this version makes no overlay that could be thrown away` } as const] : []),
    ...(rawio && userId !== 0 ? [{ type: 'unsupported', reason: `rawio='yes' of disk '${dev}' needs the right CAP_SYS_RAWIO, which this user cannot give` } as const] : []),
  ];
}

function imageNeeds(disk: Disk, image: DiskImage): readonly HostNeed[] {
  const { backend } = image;
  const name = `disk '${disk.target.dev}'`;
  const path = (file: string | null, access: 'read' | 'read-write', why = name): readonly HostNeed[] => (file === null ? [] : [{ type: 'path', path: file, access, why }]);
  const access = image.readonly ? 'read' : 'read-write';
  switch (backend.type) {
    case 'file':
      // An image that was handed over as a descriptor is nobody's to look for.
      return backend.source?.fdgroup ? [{ type: 'unsupported', reason: `${name}: fdgroup '${backend.source.fdgroup}' names descriptors that nobody handed over` }] : path(backend.source?.file ?? null, access);
    case 'block':
      return path(backend.source?.dev ?? null, access);
    case 'dir':
      return path(backend.source?.dir ?? null, 'read');
    case 'nvme':
      return path('/dev/vfio/vfio', 'read-write', `the NVMe device of ${name}`);
    case 'vhostuser':
      return path(backend.source?.path ?? null, 'read-write', `the process that serves ${name}`);
    case 'vhostvdpa':
      return path(backend.source?.dev ?? null, 'read-write');
    case 'volume':
      return [{ type: 'unsupported', reason: `${name}: volume '${backend.source?.volume}' of pool '${backend.source?.pool}' cannot be looked up; this driver has no storage pools` }];
    case 'network':
      return networkNeeds(backend.source, name);
  }
}

function networkNeeds(source: Extract<DiskImage['backend'], { readonly type: 'network' }>['source'], name: string): readonly HostNeed[] {
  if (!source) return [];
  const sockets = source.hosts.flatMap(({ transport, socket }) => (transport === 'unix' && socket !== null ? [socket] : []));
  const keys = source.protocol === 'ssh' ? [source.identity?.keyfile, source.identity?.agentSocket, source.knownHosts] : [];
  if (keys.some(Boolean)) return [{ type: 'unsupported', reason: `${name}: QEMU's ssh takes its keys from the agent of whoever runs it; keyfile, agentsock and knownHosts need nbdkit, which this driver does not use` }];
  return [
    ...sockets.map((path): HostNeed => ({ type: 'path', path, access: 'read-write', why: `the storage of ${name}` })),
    ...('tls' in source && source.tls ? [{ type: 'path', path: '/etc/pki/qemu/ca-cert.pem', access: 'read', why: `the TLS of ${name}` } as const] : []),
    ...('config' in source && source.config !== null ? [{ type: 'path', path: source.config, access: 'read', why: name } as const] : []),
  ];
}
