/** Sizes of an image that no QEMU has open, or that QEMU does not tell, as the host sees them. */
import { readFile, stat } from 'node:fs/promises';
import { readImageFile } from '../storage/read-image.ts';
import type { DiskImage } from '../devices/disk/disk-images.ts';
import { type BlockUsage, type FileSizes, type ListedImage, pathOf } from './block-usage.ts';

const sectorBytes = 512;

/** @throws what the file system says, INVALID_ARG for a damaged header. */
export async function fileSizes(path: string, format: string): Promise<FileSizes> {
  const [status, header] = await Promise.all([stat(path), format === 'raw' ? null : readImageFile(path)]);
  const isDevice = status.isBlockDevice();
  const physicalBytes = isDevice ? await deviceBytes(status.rdev) : status.size;
  return {
    capacityBytes: header?.virtualBytes ?? physicalBytes,
    // How much of a device an image fills only QEMU knows.
    allocationBytes: isDevice ? (format === 'raw' ? physicalBytes : null) : status.blocks * sectorBytes,
    physicalBytes,
  };
}

/** Linux's device number: major in bits 8 to 19 and from 32, minor in the rest (gnu_dev_major). */
async function deviceBytes(device: number): Promise<number | null> {
  const number = BigInt(device);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn);
  const sectors = await readFile(`/sys/dev/block/${major}:${minor}/size`, 'latin1').catch(() => '');
  return sectors === '' ? null : Number(sectors) * sectorBytes;
}

/**
 * What a record needs beside QEMU's own words. Of a running domain it is asked only for images that QEMU has just
 * answered for: storage that hangs would keep one of the few threads that all files share.
 */
export async function missingSizes(listed: readonly ListedImage[], usage: BlockUsage | null, isActive: boolean): Promise<ReadonlyMap<DiskImage, FileSizes>> {
  const found = new Map<DiskImage, FileSizes>();
  for (const { image } of listed) {
    const path = image && pathOf(image);
    const told = image && usage?.imageOf(image);
    if (!image || path === null || (isActive && (!told || told.physicalBytes !== null))) continue;
    const sizes = await fileSizes(path, image.format).catch(() => null); // one that is missing has no sizes
    if (sizes) found.set(image, sizes);
  }
  return found;
}
