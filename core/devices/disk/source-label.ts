/** A source in a few words, for lists and messages: the file's name, the server and what it serves. */
import { diskSource } from './disk-definition.ts';
import type { DriveBackend } from './storage-source.ts';

export function sourceLabel(backend: DriveBackend): string {
  switch (backend.type) {
    case 'network': {
      const [host] = backend.source?.hosts ?? [];
      return [backend.source?.protocol, host?.name ?? host?.socket, backend.source?.name].filter(Boolean).join(' ');
    }
    case 'volume':
      return `volume ${backend.source?.volume} of pool ${backend.source?.pool}`;
    case 'nvme':
      return `NVMe namespace ${backend.source?.namespace}`;
    default:
      return diskSource({ backend })?.split('/').at(-1) ?? '';
  }
}
