/**
 * Files that somebody else named: a definition, an image's header, a folder that is imported. Opening a pipe waits for
 * its writer, for ever and on one of the few threads that all files share; a device may have no end. Neither happens here.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { VireoError } from './errors.ts';

/**
 * Opens a file for reading, through links; a block device where it is asked for.
 * @throws INVALID_ARG for what is neither, the system's own error otherwise. Nothing waits.
 */
export async function openOrdinary(file: string, { blockDevices = false }: { readonly blockDevices?: boolean } = {}): Promise<FileHandle> {
  // Windows does not know the flag: `undefined` counts as 0 there.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile() && !(blockDevices && status.isBlockDevice())) throw new VireoError('INVALID_ARG', `'${file}' is no ordinary file`);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The whole of a file that is small. @throws INVALID_ARG also for one that is larger than `maximumBytes`, before it is in memory. */
export async function readOrdinary(file: string, maximumBytes: number): Promise<Buffer> {
  const handle = await openOrdinary(file);
  try {
    const { size } = await handle.stat();
    if (size > maximumBytes) throw new VireoError('INVALID_ARG', `'${file}' has ${size} bytes, more than ${maximumBytes}`);
    const buffer = Buffer.alloc(size); // what is appended meanwhile is left for the next time
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, bytes, size - bytes, bytes);
      bytes += bytesRead;
      if (bytesRead === 0 || bytes === size) return buffer.subarray(0, bytes);
    }
  } finally {
    await handle.close();
  }
}
