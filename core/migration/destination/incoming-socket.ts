/** A socket that an incoming QEMU has made by a name, which stays where that QEMU was killed. */
import { lstat, unlink } from 'node:fs/promises';

/** Nothing but a socket is removed. Never throws. */
export async function removeSocket(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => null);
  if (facts?.isSocket()) await unlink(path).catch(() => {});
}
