/**
 * A picture of a guest's screen. QEMU writes it into a file of the run's private folder, which nobody else reads and
 * which is gone before the answer is given; a PNG where QEMU can make one (7.1), else a PPM.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { readOrdinary } from '../base/ordinary-file.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { startDeadline } from '../monitor/deadline.ts';
import { isQemuError } from '../monitor/qemu-error.ts';
import { requireLive } from '../process/power.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { queryDomain } from './query-domain.ts';

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
export async function takeScreenshot(context: ProcessContext, call: Call, domain: Domain, screen: number): Promise<Screenshot> {
  const live = requireLive(domain);
  const place = placeOf(domain, live.definition, screen);
  const file = path.join(live.facts.runFolder, `screen-${randomBytes(6).toString('hex')}`);
  using deadline = startDeadline(context.clock, screendumpMs, call.signal, () => new VireoError('OPERATION_TIMEOUT', `no picture of the screen within ${screendumpMs / 1000} s`, { domain: domain.identity }));
  const { signal } = deadline;
  try {
    await queryDomain(call, domain, { clock: context.clock, signal }, async (monitor) => {
      try {
        await monitor.query('screendump', { filename: file, ...place, format: 'png' }, { signal });
      } catch (error) {
        if (!isQemuError(error)) throw error;
        await monitor.query('screendump', { filename: file, ...place }, { signal }); // without the word for PNG; what else is wrong this one tells
      }
    });
    return readPicture(await readOrdinary(file, maximumScreenshotBytes));
  } catch (error) {
    if (isQemuError(error)) throw new VireoError('OPERATION_FAILED', `QEMU has no picture of screen ${screen}: ${String(error.details['qemuText'])}`, { domain: domain.identity, cause: error });
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

/** The card and head; none for the first screen, which QEMU knows best. */
function placeOf(domain: Domain, definition: DomainDefinition, screen: number): { readonly device?: string; readonly head?: number } {
  const cards = devicesOf(definition.devices, 'video').filter(({ model }) => model.type !== 'none');
  if (cards.length === 0) throw new VireoError('OPERATION_INVALID', 'no screens to take screenshot from', { domain: domain.identity });
  if (screen === 0) return {};
  let head = screen;
  for (const { alias, model } of cards) {
    const heads = Math.max(1, model.heads ?? 1);
    if (head < heads && alias !== null) return { device: alias, head };
    head -= heads;
  }
  throw new VireoError('OPERATION_INVALID', 'no such screen ID', { domain: domain.identity });
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
