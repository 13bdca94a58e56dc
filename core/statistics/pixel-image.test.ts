import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PixelImage, encodePng, readShrunk } from './pixel-image.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** @param pixels one letter a pixel: black, white, red. */
async function pixmap(width: number, pixels: string): Promise<string> {
  const colours: Readonly<Record<string, readonly number[]>> = { b: [0, 0, 0], w: [255, 255, 255], r: [255, 0, 0] };
  const file = path.join(folder, 'screen');
  await writeFile(file, Buffer.concat([Buffer.from(`P6\n${width} ${pixels.length / width}\n255\n`), Buffer.from(pixels.split('').flatMap((pixel) => colours[pixel] ?? []))]));
  return file;
}

/** Our PNGs are without filters: a row is a byte 0 and its pixels. */
function pixelsOf(png: Buffer, { widthPixels, heightPixels }: PixelImage): number[] {
  const length = png.readUInt32BE(33);
  const rows = inflateSync(png.subarray(41, 41 + length));
  return Array.from({ length: heightPixels }, (_, row) => [...rows.subarray(row * (widthPixels * 3 + 1) + 1, (row + 1) * (widthPixels * 3 + 1))]).flat();
}

test('a picture that fits is taken as it is', async () => {
  const file = await pixmap(3, 'bwrrwb');
  expect(await readShrunk(file, 320)).toEqual({ widthPixels: 3, heightPixels: 2, fromWidthPixels: 3, fromHeightPixels: 2, pixels: Uint8Array.from([0, 0, 0, 255, 255, 255, 255, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0, 0]) });
});

test('each pixel is the mean of those it stands for, also where they are not equally many', async () => {
  const file = await pixmap(5, 'bwwww' + 'bwwww' + 'bbbbb' + 'bbbbb');
  const { widthPixels, heightPixels, pixels } = await readShrunk(file, 2);
  expect([widthPixels, heightPixels]).toEqual([2, 2]);
  expect([...pixels]).toEqual([170, 170, 170, 255, 255, 255, 0, 0, 0, 0, 0, 0]); // three columns on the left, two on the right
});

test('a screen of many slices is read to its last pixel', async () => {
  const [width, height] = [1024, 768];
  const file = path.join(folder, 'large');
  const body = Buffer.alloc(width * height * 3, 7);
  body[body.length - 1] = 255;
  await writeFile(file, Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), body]));
  const { widthPixels, heightPixels, pixels } = await readShrunk(file, 320);
  expect([widthPixels, heightPixels, pixels.at(0), pixels.at(-2)]).toEqual([320, 240, 7, 7]);
  expect(pixels.at(-1)).toBeGreaterThan(7);
});

describe('what is no picture is refused', () => {
  test.each([
    ['a header of another form', 'P5\n1 1\n255\n ', /a form that nobody knows/],
    ['no size', 'P6\n0 0\n255\n', /a form that nobody knows/],
    ['a size that no screen has', 'P6\n99999 2\n255\n', /a form that nobody knows/],
    ['fewer pixels than it says', 'P6\n2 2\n255\nabc', /shorter than it says/],
    ['nothing', '', /a form that nobody knows/],
  ])('%s', async (_, text, why) => {
    const file = path.join(folder, 'bad');
    await writeFile(file, text);
    await expect(readShrunk(file, 320)).rejects.toThrow(why);
  });
});

test('a PNG has the pixels that went in', async () => {
  const image: PixelImage = { widthPixels: 2, heightPixels: 2, pixels: Uint8Array.from({ length: 12 }, (_, index) => index * 20) };
  const png = await encodePng(image);
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2, 2]);
  expect(pixelsOf(png, image)).toEqual([...image.pixels]);
});
