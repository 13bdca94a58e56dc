/** An image's header from its file. */
import { open } from 'node:fs/promises';
import { headerBytes, type ImageHeader, readImageHeader } from './image-header.ts';

/** Throws errors of the file system as they come, INVALID_ARG for a damaged header. */
export async function readImageFile(file: string): Promise<ImageHeader> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(headerBytes), position: 0 });
    return readImageHeader(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
