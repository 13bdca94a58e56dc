/**
 * What makes an image the same image, whatever path leads to it. On one computer that is the file itself (device and
 * inode, so that symbolic links, hard links and bind mounts all meet), for as long as a QEMU has it open. Computers
 * that share storage number its devices each in its own way, but agree on its paths; there it is the resolved path.
 */
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import type { LeaseFolder } from './lease-folder.ts';

/** The image's name among the leases; null for what is no image: missing, a pipe, a folder. */
export async function imageIdentity(image: string, folder: Pick<LeaseFolder, 'isCommon'>): Promise<string | null> {
  const facts = await stat(image, { bigint: true }).catch(() => null);
  if (!facts || !(facts.isFile() || facts.isBlockDevice())) return null;
  if (folder.isCommon) return facts.isFile() ? `file-${facts.dev}-${facts.ino}` : `device-${facts.rdev}`;
  const resolved = await realpath(image).catch(() => null);
  return resolved === null ? null : `path-${createHash('sha256').update(resolved).digest('hex')}`;
}
