/** How fast a migration may go: MiB a second for people, bytes a second for QEMU, and 0 as "no limit" on the outside. */
import { VireoError } from '../../base/errors.ts';

const mebibyte = 2 ** 20;

/** libvirt's LLONG_MAX >> 20: from there on it overflows. */
const limitMiBps = 8_796_093_022_207;

/** Told to QEMU where nothing limits: its own default is 128 MiB a second (7.2). What JSON carries exactly, and no link reaches. */
export const unlimitedBytesPerSecond = Number.MAX_SAFE_INTEGER;

/** @throws OVERFLOW in libvirt's words. */
export function bandwidthBytes(mibps: number): number {
  if (mibps > limitMiBps) throw new VireoError('OVERFLOW', `bandwidth must be less than ${limitMiBps + 1}`);
  return Math.min(mibps * mebibyte, unlimitedBytesPerSecond);
}

/** What people are shown for what QEMU says; 0 where nothing limits. */
export function bandwidthMiBps(bytesPerSecond: number): number {
  return bytesPerSecond >= unlimitedBytesPerSecond ? 0 : Math.floor(bytesPerSecond / mebibyte);
}
