import { expect, test } from 'vitest';
import { noticesOf, packageFolder } from './notices.mjs';

test('a module belongs to the innermost package that it lies in, and the project is none', () => {
  expect(packageFolder('/p/node_modules/zod/v4/core.js')).toBe('/p/node_modules/zod');
  expect(packageFolder('\0/p/node_modules/@novnc/novnc/core/rfb.js?commonjs')).toBe('/p/node_modules/@novnc/novnc');
  expect(packageFolder('/p/node_modules/a/node_modules/b/index.js')).toBe('/p/node_modules/a/node_modules/b');
  expect(packageFolder('/p/core/base/errors.ts')).toBeNull();
});

test('every package is named with its licence and where its source is, and its texts follow', () => {
  const text = noticesOf([
    { name: 'one', version: '1.0.0', licence: 'MIT', source: 'https://example.org/one', author: null, texts: [{ file: 'LICENSE', text: 'Do as you like.' }] },
    { name: 'two', version: '2.0.0', licence: 'MPL-2.0', source: null, author: 'Ann', texts: [] },
  ]);
  for (const part of ['  one 1.0.0 (MIT)\n  two 2.0.0 (MPL-2.0)\n', 'one 1.0.0\nLicence: MIT\nSource: https://example.org/one\n\nDo as you like.\n', 'two 2.0.0\nLicence: MPL-2.0\nThe package has no text of its licence. Its author is Ann.\n']) expect(text).toContain(part);
});
