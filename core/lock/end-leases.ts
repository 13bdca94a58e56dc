/** Leases that are given up: with their run, or before it where a disk leaves the guest. */
import { unlink } from 'node:fs/promises';
import type { ImageLease } from '../domain/image-lease.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { advisoryLocks, atATime } from './advisory-lock.ts';
import { removeRecord } from './lease-record.ts';
import { removeIfFree } from './lock-file.ts';

/** A damaged state file must not make us remove what is no lease. */
export function isLease({ file, record }: ImageLease): boolean {
  return /\/(file|device|path)-[\da-f-]+\.lease$/.test(file.replaceAll('\\', '/')) && record.startsWith(`${file}.`) && /^[\da-f]+\.json$/.test(record.slice(file.length + 1));
}

/** What leases leave in their folder when QEMU is gone, and its locks with it. Never throws. */
export async function endLeases(leases: readonly ImageLease[]): Promise<void> {
  const locks = await advisoryLocks();
  const waiting = [...leases];
  const enders = Array.from({ length: Math.min(atATime, waiting.length) }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await removeRecord(next.record);
      if (locks) await removeIfFree(locks, next.file);
    }
  });
  await Promise.all(enders);
}

/**
 * Gives up the lease of an image that a running guest has no more, although its QEMU still holds the lock: the name is
 * taken away, and the next one makes it anew. A shared lease stays until QEMU ends, because others may hold the same
 * file. The caller saves the state file.
 * @returns whether it is free.
 */
export async function releaseLease(live: LiveDomain, lease: ImageLease): Promise<boolean> {
  if (lease.mode === 'shared' || !live.leases.includes(lease)) return false;
  if (await advisoryLocks()) {
    const isGone = await unlink(lease.file).then(() => true, (error: NodeJS.ErrnoException) => error.code === 'ENOENT');
    if (!isGone) return false;
  }
  await removeRecord(lease.record);
  live.leases = live.leases.filter((each) => each !== lease);
  return true;
}
