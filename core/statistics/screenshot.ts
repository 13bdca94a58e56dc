/** A picture of a guest's screen in its full size; a PNG where QEMU can make one (7.1), else a PPM. */
import { VireoError } from '../base/errors.ts';
import { readOrdinary } from '../base/ordinary-file.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { withScreenDump } from './screen-dump.ts';

export interface Screenshot {
  readonly mediaType: 'image/png' | 'image/x-portable-pixmap';
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly image: Buffer;
}

/** Of a 4K screen full of noise, as PNG; what is larger would not fit one message. */
export const maximumScreenshotBytes = 20 << 20;

/** PNG compression of a large screen takes QEMU a while, in which its guest stands still. */
const screendumpMs = 10_000;

/**
 * @param screen counts the video cards and their heads from 0.
 * @throws OPERATION_INVALID where the domain does not run or has no such screen, RESOURCE_BUSY at once where a job bars it,
 *   OPERATION_TIMEOUT.
 */
export function takeScreenshot(context: ProcessContext, call: Call, domain: Domain, screen: number): Promise<Screenshot> {
  return withScreenDump(context, call, domain, { screen, format: 'png', deadlineMs: screendumpMs }, async (file) => readPicture(await readOrdinary(file, maximumScreenshotBytes)));
}

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Type and size are read from the picture, whatever was asked for. @throws INTERNAL_ERROR for what is no picture. */
export function readPicture(image: Buffer): Screenshot {
  if (image.length > 24 && image.subarray(0, 8).equals(pngSignature)) {
    return { mediaType: 'image/png', widthPixels: image.readUInt32BE(16), heightPixels: image.readUInt32BE(20), image };
  }
  const [, width, height] = /^P6\s+(\d{1,6})\s+(\d{1,6})\s+255\s/.exec(image.toString('latin1', 0, 40)) ?? [];
  if (width === undefined || height === undefined) throw new VireoError('INTERNAL_ERROR', 'QEMU wrote a picture in a form that nobody knows');
  return { mediaType: 'image/x-portable-pixmap', widthPixels: Number(width), heightPixels: Number(height), image };
}
