/** Whether another computer sees the same file, by the kind of file system that it lies on (Linux's magic.h; libvirt 11.3, virfile.c). */
import { statfs } from 'node:fs/promises';
import path from 'node:path';

/** `coherent`: a write is seen by the other computer at once, whatever this one caches. */
export type Sharing = 'local' | 'shared' | 'coherent';

const kinds: ReadonlyMap<number, Sharing> = new Map([
  [0x6969, 'shared'], // NFS
  [0x517b, 'shared'], // SMB
  [0xff534d42, 'shared'], // CIFS
  [0xfe534d42, 'shared'], // SMB 2
  [0x5346414f, 'shared'], // AFS
  [0x0bd00bd0, 'shared'], // Lustre
  [0x47504653, 'shared'], // GPFS
  [0x61636673, 'shared'], // ACFS
  [0x65735546, 'shared'], // FUSE: GlusterFS, Quobyte and their like; what it really is nobody can ask here
  [0x01161970, 'coherent'], // GFS2
  [0x7461636f, 'coherent'], // OCFS2
  [0x00c36400, 'coherent'], // CephFS
]);

/** A file that is not there is looked for where it would lie. What cannot be told is local. */
export async function sharingOf(file: string): Promise<Sharing> {
  for (let at = file; ; at = path.dirname(at)) {
    const found = await statfs(at).then(({ type }) => kinds.get(type >>> 0) ?? 'local', () => null);
    if (found !== null) return found;
    if (path.dirname(at) === at) return 'local';
  }
}
