import { expect, test } from 'vitest';
import { linesOf, maximumLineBytes } from './console-lines.ts';

function texts(bytes: string | Buffer, encoding: 'utf-8' | 'latin1' | 'cp437' = 'utf-8'): string[] {
  return linesOf(Buffer.from(bytes as string), 0, encoding).map(({ text }) => text);
}

test('lines are told by their first byte, without what ends them', () => {
  expect(linesOf(Buffer.from('one\r\ntwo\n\nlogin: '), 100, 'utf-8')).toEqual([
    { offset: 100, text: 'one' },
    { offset: 105, text: 'two' },
    { offset: 109, text: '' },
    { offset: 110, text: 'login: ' },
  ]);
});

test('colours, titles and character sets leave nothing behind', () => {
  expect(texts('\x1b[0;32m  OK  \x1b[0m Started \x1b]0;title\x07Network\x1b(B.\x1b[K\r\n')).toEqual(['  OK   Started Network.']);
  expect(texts('a\x1b]2;to the end of the line')).toEqual(['a']);
  expect(texts('cut\x1b[3')).toEqual(['cut']);
  expect(texts('\x1bP+q544e\x1b\\done')).toEqual(['done']);
});

test('what is written at another place of the screen is a line of its own, at its own offset', () => {
  expect(linesOf(Buffer.from('10%\r20%\r100%\n'), 0, 'utf-8')).toEqual([{ offset: 0, text: '10%' }, { offset: 4, text: '20%' }, { offset: 8, text: '100%' }]);
  expect(texts('\x1b[2J\x1b[1;1HGNU GRUB\x1b[4;2H*Debian')).toEqual(['GNU GRUB', '*Debian']);
  expect(texts('left\x1b[3Cright')).toEqual(['left   right']);
});

test('what was typed and taken back is gone', () => {
  expect(texts('lx\b \bs -ä\b \bl\r\n')).toEqual(['ls -l']);
});

test('no control character ever gets through, in any encoding', () => {
  const every = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7 + (index >> 8)) % 256));
  for (const encoding of ['utf-8', 'latin1', 'cp437'] as const) {
    for (const text of texts(every, encoding)) expect(text).not.toMatch(/\p{Cc}/u);
  }
});

test('code page 437 and latin1 are read as they were meant', () => {
  expect(texts(Buffer.from([0xc9, 0xcd, 0xbb, 0x20, 0x81]), 'cp437')).toEqual(['╔═╗ ü']);
  expect(texts(Buffer.from([0xfc, 0x62]), 'latin1')).toEqual(['üb']);
});

test('a line of any length comes in bounded pieces that overlap', () => {
  const long = `${'x'.repeat(10_000)}needle${'y'.repeat(10_000)}`;
  const pieces = linesOf(Buffer.from(`${long}\nnext\n`), 0, 'utf-8');
  expect(pieces.every(({ text }) => text.length <= maximumLineBytes)).toBe(true);
  expect(pieces.some(({ text }) => text.includes('needle'))).toBe(true);
  expect(pieces.at(-1)).toEqual({ offset: long.length + 1, text: 'next' });
});
