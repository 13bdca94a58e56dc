/**
 * Draws Vireo's mark: a bird, once as shapes, written as SVG and as PNG in every size that is needed. Its own small
 * rasteriser, because nothing else in the project needs one: paths are flattened to polygons and filled line by line.
 *
 *   node scripts/icons.mjs        writes assets/mark.svg, assets/icon.png and assets/tray/*.png
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';

/** All shapes stand on a grid of 64 by 64. */
const grid = 64;
const body = 'M5 51 L20 38 C21 23 29 11 42 11 C50 11 55 16 56 23 L63 27 L56 30 C55 44 45 54 31 54 C24 54 18 53 15 50 Z';
const wing = 'M17 45 C22 34 33 29 43 34 C44 42 37 48 28 48 C24 48 20 47 17 45 Z';
const legs = 'M29 53 L32 53 L32 60 L29 60 Z M37 52 L40 51 L40 60 L37 60 Z';
const eye = circle(45, 22, 2.6);
const badge = { centre: [51, 51], radius: 11 };

function circle(x, y, radius) {
  const k = radius * 0.5523;
  return `M${x + radius} ${y} C${x + radius} ${y + k} ${x + k} ${y + radius} ${x} ${y + radius} C${x - k} ${y + radius} ${x - radius} ${y + k} ${x - radius} ${y} C${x - radius} ${y - k} ${x - k} ${y - radius} ${x} ${y - radius} C${x + k} ${y - radius} ${x + radius} ${y - k} ${x + radius} ${y} Z`;
}

function roundedSquare(inset, radius) {
  const a = inset;
  const b = grid - inset;
  const k = radius * 0.4477;
  return `M${a + radius} ${a} L${b - radius} ${a} C${b - k} ${a} ${b} ${a + k} ${b} ${a + radius} L${b} ${b - radius} C${b} ${b - k} ${b - k} ${b} ${b - radius} ${b} L${a + radius} ${b} C${a + k} ${b} ${a} ${b - k} ${a} ${b - radius} L${a} ${a + radius} C${a} ${a + k} ${a + k} ${a} ${a + radius} ${a} Z`;
}

const markShapes = [
  { path: legs, fill: '#5d6b62' },
  { path: body, fill: '#2f9e5e' },
  { path: wing, fill: '#1b7443' },
  { path: eye, fill: '#ffffff' },
];

const iconShapes = [
  { path: roundedSquare(2, 14), fill: '#0f3a23' },
  ...[
    { path: legs, fill: '#9fb8a8' },
    { path: body, fill: '#5fd08f' },
    { path: wing, fill: '#2f9e5e' },
    { path: eye, fill: '#0f3a23' },
  ].map((shape) => ({ ...shape, scale: 0.72, shift: [8, 7.5] })),
];

/** A silhouette for panels; a state's badge is a shape as well as a colour, in a hole of its own. */
function trayShapes(state, ink) {
  const bird = [{ path: legs, fill: ink }, { path: body, fill: ink }, { path: eye, fill: null }];
  const [x, y] = badge.centre;
  if (state === 'idle') return bird;
  const hole = { path: circle(x, y, badge.radius + 3), fill: null };
  if (state === 'busy') return [...bird, hole, { path: circle(x, y, badge.radius), fill: '#3d86f0' }, { path: circle(x, y, 4.5), fill: null }];
  return [...bird, hole, { path: `M${x} ${y - badge.radius} L${x + badge.radius + 1} ${y + badge.radius - 1} L${x - badge.radius - 1} ${y + badge.radius - 1} Z`, fill: '#e0463b' }];
}

/** The polygons of a path, in grid units. */
function flatten(path) {
  const numbers = path.match(/[MLCZ]|-?[\d.]+/g);
  const polygons = [];
  let polygon = [];
  let at = [0, 0];
  for (let i = 0; i < numbers.length;) {
    const command = numbers[i++];
    const take = () => [Number(numbers[i++]), Number(numbers[i++])];
    if (command === 'M') polygons.push((polygon = [(at = take())]));
    else if (command === 'L') polygon.push((at = take()));
    else if (command === 'C') {
      const [from, a, b, to] = [at, take(), take(), take()];
      for (let step = 1; step <= 24; step += 1) {
        const t = step / 24;
        const s = 1 - t;
        polygon.push([0, 1].map((axis) => s ** 3 * from[axis] + 3 * s * s * t * a[axis] + 3 * s * t * t * b[axis] + t ** 3 * to[axis]));
      }
      at = to;
    }
  }
  return polygons;
}

/** Where a horizontal line enters and leaves the polygons, by the non-zero rule. */
function spans(polygons, y) {
  const crossings = [];
  for (const polygon of polygons) {
    for (let i = 0; i < polygon.length; i += 1) {
      const [x1, y1] = polygon[i];
      const [x2, y2] = polygon[(i + 1) % polygon.length];
      if (y1 <= y !== y2 <= y) crossings.push([x1 + ((y - y1) / (y2 - y1)) * (x2 - x1), y2 > y1 ? 1 : -1]);
    }
  }
  crossings.sort((one, other) => one[0] - other[0]);
  const found = [];
  let winding = 0;
  for (const [x, turn] of crossings) {
    if (winding === 0) found.push([x, x]);
    winding += turn;
    if (winding === 0) found.at(-1)[1] = x;
  }
  return found;
}

const samples = 8;

/** RGBA pixels. A fill of null rubs out what is beneath. */
function rasterise(shapes, size) {
  const pixels = new Uint8Array(size * size * 4);
  for (const { path, fill, scale = 1, shift = [0, 0] } of shapes) {
    const unit = size / grid;
    const polygons = flatten(path).map((polygon) => polygon.map(([x, y]) => [(x * scale + shift[0]) * unit, (y * scale + shift[1]) * unit]));
    const colour = fill && [1, 3, 5].map((index) => Number.parseInt(fill.slice(index, index + 2), 16));
    for (let row = 0; row < size; row += 1) {
      const cover = new Float64Array(size);
      for (let sample = 0; sample < samples; sample += 1) {
        for (const [from, to] of spans(polygons, row + (sample + 0.5) / samples)) {
          for (let column = Math.max(0, Math.floor(from)); column < Math.min(size, to); column += 1) {
            cover[column] += (Math.min(to, column + 1) - Math.max(from, column)) / samples;
          }
        }
      }
      for (let column = 0; column < size; column += 1) {
        if (cover[column] > 0) blend(pixels.subarray((row * size + column) * 4), colour, Math.min(1, cover[column]));
      }
    }
  }
  return pixels;
}

function blend(pixel, colour, cover) {
  const below = pixel[3] / 255;
  if (!colour) {
    pixel[3] = Math.round(255 * below * (1 - cover));
    return;
  }
  const alpha = cover + below * (1 - cover);
  for (const channel of [0, 1, 2]) pixel[channel] = Math.round((colour[channel] * cover + pixel[channel] * below * (1 - cover)) / alpha);
  pixel[3] = Math.round(255 * alpha);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function chunk(type, data) {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const byte of content) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), content, frame.subarray(4)]);
}

function png(shapes, size) {
  const pixels = rasterise(shapes, size);
  const rows = Buffer.alloc(size * (size * 4 + 1)); // each row begins with filter type 0
  for (let row = 0; row < size; row += 1) rows.set(pixels.subarray(row * size * 4, (row + 1) * size * 4), row * (size * 4 + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8); // 8 bits a channel, RGBA
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

function svg(shapes) {
  const paths = shapes.map(({ path, fill }) => `  <path fill="${fill}" d="${path}"/>\n`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${grid} ${grid}">\n${paths}</svg>\n`;
}

const assets = fileURLToPath(new URL('../assets/', import.meta.url));
await mkdir(`${assets}tray`, { recursive: true });
await writeFile(`${assets}mark.svg`, svg(markShapes));
await writeFile(`${assets}icon.png`, png(iconShapes, 512));
/** `light` is for light panels, so its ink is dark. */
for (const [theme, ink] of [['light', '#2a332d'], ['dark', '#eef3ef']]) {
  for (const state of ['idle', 'busy', 'attention']) {
    await writeFile(`${assets}tray/${state}-${theme}.png`, png(trayShapes(state, ink), 22));
    await writeFile(`${assets}tray/${state}-${theme}@2x.png`, png(trayShapes(state, ink), 44));
  }
}
