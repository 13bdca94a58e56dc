/** An image's header from its file. */
import { openOrdinary } from '../base/ordinary-file.ts';
import { headerBytes, type ImageHeader, readImageHeader } from './image-header.ts';

/** Throws errors of the file system as they come, INVALID_ARG for a damaged header and for what is no file: a pipe would hold up whoever opens it. */
export async function readImageFile(file: string): Promise<ImageHeader> {
  const handle = await openOrdinary(file, { blockDevices: true });
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(headerBytes), position: 0 });
    return readImageHeader(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
