/**
 * A small picture of a guest's screen, for lists in which many are looked at again and again. It costs the guest as little
 * as can be: QEMU copies the screen uncompressed, and it is made small here. Nobody waits for it, neither a job nor this: a
 * domain that is busy or does not answer has none now, and whoever shows one keeps the last.
 */
import { createHash } from 'node:crypto';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { encodePng, readShrunk } from './pixel-image.ts';
import { withScreenDump } from './screen-dump.ts';

export interface ThumbnailRequest {
  readonly screen: number;
  readonly maximumWidthPixels: number;
  /** The `version` of the picture that the caller has; null for none. */
  readonly known: string | null;
}

export interface Thumbnail {
  /** The same for the same picture. */
  readonly version: string;
  /** Null where it is what the caller has. */
  readonly picture: {
    readonly widthPixels: number;
    readonly heightPixels: number;
    readonly screenWidthPixels: number;
    readonly screenHeightPixels: number;
    /** A PNG. */
    readonly image: Buffer;
  } | null;
}

/** A QEMU that needs longer has other worries. */
const thumbnailMs = 3_000;

/** @throws OPERATION_INVALID where the domain does not run or has no such screen, RESOURCE_BUSY at once where somebody works with it, OPERATION_TIMEOUT. */
export async function takeThumbnail(context: ProcessContext, call: Call, domain: Domain, { screen, maximumWidthPixels, known }: ThumbnailRequest): Promise<Thumbnail> {
  const shrunk = await withScreenDump(context, call, domain, { screen, format: 'ppm', deadlineMs: thumbnailMs, nowait: true }, (file) => readShrunk(file, maximumWidthPixels));
  const { widthPixels, heightPixels, fromWidthPixels, fromHeightPixels, pixels } = shrunk;
  const version = createHash('sha1').update(`${widthPixels}x${heightPixels} of ${fromWidthPixels}x${fromHeightPixels}\n`).update(pixels).digest('base64url');
  if (version === known) return { version, picture: null };
  return { version, picture: { widthPixels, heightPixels, screenWidthPixels: fromWidthPixels, screenHeightPixels: fromHeightPixels, image: await encodePng(shrunk) } };
}
