/** What the guest's witnesses see, where there is something wrong. */
import { expect, test } from 'vitest';
import { checkedSectorImage, reportsIn, wrongBlocksOf } from './checked-sector.ts';

/** The image of a guest after so many blocks. */
function imageAfter(blocks: number): Buffer {
  const image = checkedSectorImage();
  for (let block = 1; block <= blocks; block += 1) {
    for (let word = 0; word < 128; word += 1) image.writeUInt32LE((block + word * 0x9e3779b1) % 2 ** 32, (1024 + (block % 1024)) * 512 + 4 * word);
  }
  return image;
}

test('an image with every block is right, also where the next one is there already', () => {
  expect([wrongBlocksOf(imageAfter(1500), 1500), wrongBlocksOf(imageAfter(1500), 1499), wrongBlocksOf(imageAfter(3), 3)]).toEqual([[], [], []]);
});

test('a byte that is wrong, a block that was lost and an image from an earlier moment are found', () => {
  const image = imageAfter(1500);
  image[(1024 + 476) * 512 + 300]! ^= 1;
  expect(wrongBlocksOf(image, 1500)).toEqual(['block 1500 holds 1500']);
  image.fill(0, (1024 + 400) * 512, (1024 + 401) * 512);
  expect(wrongBlocksOf(image, 1500)).toEqual(['block 1424 holds 0', 'block 1500 holds 1500']);
  expect(wrongBlocksOf(imageAfter(1498), 1500)).toEqual(['block 1499 holds 475', 'block 1500 holds 476']);
});

test('only whole lines of the console are reports', () => {
  const line = '0000001F 00000001 00000002 00A00000 0000FFFF';
  expect(reportsIn(`1 00000000\n${line}\n${line}\n0000002`)).toEqual(Array.from({ length: 2 }, () => ({ pass: 31, memoryErrors: 1, diskErrors: 2, wrongAt: 0xa00000, wrongValue: 0xffff })));
});
