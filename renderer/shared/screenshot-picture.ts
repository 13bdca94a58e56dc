/** A picture of a guest's screen as a PNG, whatever QEMU could make: the window shows it, saves it and copies it as one. */
import type { AnyMethodResult } from '../../core/api/client.ts';
import { VireoError } from '../../core/base/errors.ts';

type Shot = AnyMethodResult<'domainScreenshot'>;

/** In base64. */
export async function asPng({ mediaType, image, widthPixels, heightPixels }: Shot): Promise<string> {
  if (mediaType === 'image/png') return image;
  const canvas = new OffscreenCanvas(widthPixels, heightPixels);
  const drawing = canvas.getContext('2d');
  if (!drawing) throw new VireoError('OPERATION_FAILED', 'this window cannot draw the picture');
  drawing.putImageData(new ImageData(opaquePixels(bytesOf(image), widthPixels * heightPixels), widthPixels, heightPixels), 0, 0);
  return await base64Of(await canvas.convertToBlob({ type: 'image/png' }));
}

/** A PPM ends with three bytes a pixel. */
function opaquePixels(ppm: Uint8Array, count: number): Uint8ClampedArray<ArrayBuffer> {
  const first = ppm.length - count * 3;
  if (first < 0) throw new VireoError('OPERATION_FAILED', "QEMU's picture is shorter than it says");
  const pixels = new Uint8ClampedArray(count * 4);
  for (let index = 0; index < count; index += 1) {
    pixels.set(ppm.subarray(first + index * 3, first + index * 3 + 3), index * 4);
    pixels[index * 4 + 3] = 255;
  }
  return pixels;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}
