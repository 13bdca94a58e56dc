/**
 * A save image that is there: opened, read up to its state, and refused by name where it is none. What is looked at is
 * what is restored: the file stays open, with its place at the state, for whoever reads on.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { openOrdinary } from '../base/ordinary-file.ts';
import { VireoError } from '../base/errors.ts';
import { aboutImage } from './image-error.ts';
import { type ImageHeader, decodeData, decodeHeader, encodeHead, headerBytes, stateOffset } from './image-header.ts';
import { type SaveFormat, formatOfNumber } from './save-formats.ts';

export interface SaveImage {
  readonly file: string;
  readonly header: ImageHeader;
  readonly format: SaveFormat;
  readonly xml: string;
  readonly cookie: string | null;
  /** Of the whole file. */
  readonly sizeBytes: number;
}

export interface OpenSaveImage extends SaveImage, AsyncDisposable {
  /** Its place is the beginning of the state. */
  readonly handle: FileHandle;
}

/** @throws OPERATION_FAILED, OPERATION_UNSUPPORTED or SYSTEM_ERROR naming the file and what is wrong with it. */
export async function openSaveImage(file: string): Promise<OpenSaveImage> {
  let handle: FileHandle | null = null;
  try {
    handle = await openOrdinary(file, { blockDevices: true });
    const opened = handle;
    return { ...(await readUpToState(file, opened)), handle: opened, [Symbol.asyncDispose]: () => opened.close() };
  } catch (error) {
    await handle?.close();
    throw aboutImage(file, `the save image '${file}' cannot be used`, error);
  }
}

export async function readSaveImage(file: string): Promise<SaveImage> {
  await using image = await openSaveImage(file);
  const { header, format, xml, cookie, sizeBytes } = image;
  return { file, header, format, xml, cookie, sizeBytes };
}

/** Everything before the state is read in order, which is what moves the file's place; nothing else does. */
async function readUpToState(file: string, handle: FileHandle): Promise<SaveImage> {
  const { size, ...facts } = await handle.stat();
  const header = decodeHeader(await readNext(handle, headerBytes));
  if (!header.isComplete) throw new VireoError('OPERATION_FAILED', 'save image is incomplete: whoever wrote it did not come to its end');
  const format = formatOfNumber(header.formatNumber);
  const texts = decodeData(await readNext(handle, header.dataBytes), header);
  const isDevice = facts.mode !== undefined && (facts.mode & constants.S_IFMT) === constants.S_IFBLK;
  if (!isDevice && size <= stateOffset(header)) throw new VireoError('OPERATION_FAILED', 'there is no state in it');
  return { file, header, format, ...texts, sizeBytes: size };
}

async function readNext(handle: FileHandle, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let read = 0;
  while (read < bytes) {
    const { bytesRead } = await handle.read(buffer, read, bytes - read, null);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

/** Replaces the texts before the state, which stays where it is. @throws OPERATION_FAILED where they do not fit, SYSTEM_ERROR. */
export async function rewriteHead({ file, header, cookie }: SaveImage, { xml, wasRunning }: { readonly xml: string; readonly wasRunning: boolean }): Promise<void> {
  try {
    const head = encodeHead({ xml, cookie, wasRunning, formatNumber: header.formatNumber }, 'complete', header);
    await using opened = { handle: await open(file, constants.O_RDWR), [Symbol.asyncDispose]: async () => opened.handle.close() };
    await opened.handle.write(head, 0, head.length, 0);
    await opened.handle.datasync();
  } catch (error) {
    throw aboutImage(file, `the save image '${file}' cannot be changed`, error);
  }
}
