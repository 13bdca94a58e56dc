import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clippedText, visibleJson, visibleText } from './guest-text.ts';

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const hostile = fc.string({ unit: fc.oneof(fc.constantFrom('\u001b[2J', '\u009b', '\u202e', '\u2066', '\u200b', '\u2028', '\ud800', '\u007f', '\u{e0001}', '"', '\\'), fc.string({ minLength: 1, maxLength: 1 })) });

test('text of a guest keeps its length and loses all that is not seen', () => {
  fc.assert(fc.property(hostile, (text) => !unsafe.test(visibleText(text)) && Array.from(visibleText(text)).length === Array.from(text).length));
  expect(visibleText('größe 漢字 😀')).toBe('größe 漢字 😀');
});

test('a message holds one line of it and no novel', () => {
  fc.assert(fc.property(hostile, (text) => !unsafe.test(clippedText(text, 20)) && clippedText(text, 20).length <= 23));
});

test('JSON that is shown means what it meant', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = visibleJson(JSON.stringify({ text }));
      expect(shown).not.toMatch(unsafe);
      expect(JSON.parse(shown)).toEqual({ text });
    }),
  );
});
