/** A small picture in memory, and the two forms it comes and goes in: read from a PPM file at a smaller size, written as a PNG. */
import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import { VireoError } from '../base/errors.ts';
import { openOrdinary } from '../base/ordinary-file.ts';

export interface PixelImage {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** Rows from the top, three bytes a pixel: red, green, blue. */
  readonly pixels: Uint8Array;
}

export interface ShrunkImage extends PixelImage {
  /** What it was made from. */
  readonly fromWidthPixels: number;
  readonly fromHeightPixels: number;
}

const headerBytes = 64;
/** Some 80,000 pixels: a fraction of a millisecond of work before others have their turn again. */
const sliceBytes = 256 << 10;
/** More than any screen of QEMU's; a header that says so is no picture. */
const maximumSidePixels = 16_384;

/**
 * Reads a PPM (P6, 255 levels) no wider than `maximumWidthPixels`: each pixel is the mean of those it stands for. However
 * large the picture is, only a slice of it is in memory, and the event loop has its turn after each.
 * @throws INTERNAL_ERROR for what is no such picture or ends early.
 */
export async function readShrunk(file: string, maximumWidthPixels: number): Promise<ShrunkImage> {
  const handle = await openOrdinary(file);
  try {
    const head = Buffer.alloc(headerBytes);
    const { bytesRead } = await handle.read(head, 0, headerBytes, 0);
    const [header, widthText, heightText] = /^P6\s+(\d{1,6})\s+(\d{1,6})\s+255\s/.exec(head.toString('latin1', 0, bytesRead)) ?? [];
    const [width, height] = [Number(widthText), Number(heightText)];
    if (header === undefined || width < 1 || height < 1 || width > maximumSidePixels || height > maximumSidePixels) throw new VireoError('INTERNAL_ERROR', 'QEMU wrote a picture in a form that nobody knows');
    const shrinking = new Shrinking(width, height, maximumWidthPixels);
    const rowBytes = width * 3;
    const rows = Math.max(1, Math.floor(sliceBytes / rowBytes));
    const slice = Buffer.alloc(rows * rowBytes);
    for (let row = 0; row < height; row += rows) {
      const wanted = Math.min(rows, height - row) * rowBytes;
      await fill(handle, slice.subarray(0, wanted), header.length + row * rowBytes);
      for (let at = 0; at < wanted; at += rowBytes) shrinking.add(slice, at);
    }
    return shrinking.image();
  } finally {
    await handle.close();
  }
}

async function fill(handle: Awaited<ReturnType<typeof openOrdinary>>, buffer: Buffer, position: number): Promise<void> {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) throw new VireoError('INTERNAL_ERROR', "QEMU's picture is shorter than it says");
    filled += bytesRead;
  }
}

/** Sums up rows of the large picture until a row of the small one is complete. */
class Shrinking {
  readonly #from: { readonly width: number; readonly height: number };
  readonly #width: number;
  readonly #height: number;
  readonly #pixels: Uint8Array;
  /** The first byte in a row of the small picture, for each pixel of a row of the large one. */
  readonly #places: Uint32Array;
  /** How many of those fall on each pixel. */
  readonly #counts: Uint32Array;
  readonly #sums: Uint32Array;
  #row = 0;
  #summed = 0;

  constructor(width: number, height: number, maximumWidth: number) {
    this.#from = { width, height };
    this.#width = Math.min(width, maximumWidth);
    this.#height = Math.min(height, Math.max(1, Math.round((height * this.#width) / width)));
    this.#pixels = new Uint8Array(this.#width * this.#height * 3);
    this.#sums = new Uint32Array(this.#width * 3);
    this.#counts = new Uint32Array(this.#width);
    this.#places = new Uint32Array(width);
    for (let column = 0; column < width; column += 1) {
      const place = Math.floor((column * this.#width) / width);
      this.#places[column] = place * 3;
      this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    }
  }

  /** One more row, which begins at `at`. */
  add(bytes: Uint8Array, at: number): void {
    const [sums, places] = [this.#sums, this.#places];
    for (let column = 0, from = at; column < places.length; column += 1, from += 3) {
      const place = places[column]!;
      sums[place]! += bytes[from]!;
      sums[place + 1]! += bytes[from + 1]!;
      sums[place + 2]! += bytes[from + 2]!;
    }
    this.#summed += 1;
    const { height } = this.#from;
    const target = Math.floor((this.#row * this.#height) / height);
    this.#row += 1;
    if (this.#row === height || Math.floor((this.#row * this.#height) / height) !== target) this.#finishRow(target);
  }

  image(): ShrunkImage {
    return { widthPixels: this.#width, heightPixels: this.#height, pixels: this.#pixels, fromWidthPixels: this.#from.width, fromHeightPixels: this.#from.height };
  }

  #finishRow(target: number): void {
    let to = target * this.#width * 3;
    for (let column = 0; column < this.#width; column += 1) {
      const count = this.#counts[column]! * this.#summed;
      for (let colour = 0; colour < 3; colour += 1) this.#pixels[to++] = Math.round(this.#sums[column * 3 + colour]! / count);
    }
    this.#sums.fill(0);
    this.#summed = 0;
  }
}

const compress = promisify<Uint8Array, { level: number }, Buffer>(deflate);

/** Compressed on another thread; quickly rather than well, for a picture that is looked at for seconds. */
export async function encodePng({ widthPixels, heightPixels, pixels }: PixelImage): Promise<Buffer> {
  const rowBytes = widthPixels * 3;
  const rows = new Uint8Array(heightPixels * (rowBytes + 1)); // each behind a byte 0: no filter
  for (let row = 0; row < heightPixels; row += 1) rows.set(pixels.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPixels, 0);
  header.writeUInt32BE(heightPixels, 4);
  header.set([8, 2, 0, 0, 0], 8); // eight bits a colour, red green blue, and the only compression, filtering and order there are
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', await compress(rows, { level: 4 })), chunk('IEND', Buffer.alloc(0))]);
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(name: string, body: Buffer): Buffer {
  const framed = Buffer.alloc(body.length + 12);
  framed.writeUInt32BE(body.length, 0);
  framed.write(name, 4, 'latin1');
  framed.set(body, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, body.length + 8)), body.length + 8);
  return framed;
}
