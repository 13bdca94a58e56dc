import { expect, test } from 'vitest';
import { escapeTelnet } from './telnet.ts';

test('every byte 0xff is said twice, and nothing else is touched', () => {
  expect(Buffer.from(escapeTelnet(Uint8Array.of(0xff, 1, 0xff, 0xff, 0xf4)))).toEqual(Buffer.from([0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff, 0xf4]));
  const plain = Buffer.from('plain');
  expect(escapeTelnet(plain)).toBe(plain);
});
