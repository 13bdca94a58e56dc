import { describe, expect, test } from 'vitest';
import { type Codeset, codeOfName, codesets, qcodeOf } from './codesets.ts';
import { keyTable } from './key-table.ts';

const del: Readonly<Record<Codeset, number>> = { linux: 111, xt: 0xe053, atset1: 0xe053, atset2: 0xe071, atset3: 0x64, os_x: 0x75, xt_kbd: 0x63, usb: 76, win32: 0x2e, qnum: 0xd3, rfb: 0xd3 };

test.each(codesets.map((codeset) => [codeset, del[codeset]] as const))('Delete is found in %s as %i', (codeset, code) => {
  expect(qcodeOf(codeset, code)).toBe('delete');
});

describe('names', () => {
  test.each([
    ['linux', 'KEY_LEFTCTRL', 29, 'ctrl'],
    ['linux', 'KEY_SYSRQ', 99, 'print'],
    ['win32', 'VK_CONTROL', 0x11, 'ctrl'],
    ['win32', 'VK_LCONTROL', 0xa2, 'ctrl'],
    ['os_x', 'ANSI_A', 0, 'a'],
  ] as const)('%s has %s', (codeset, name, code, qcode) => {
    expect([codeOfName(codeset, name), qcodeOf(codeset, code)]).toEqual([code, qcode]);
  });

  test('a name of another codeset, or of none, is no key', () => {
    expect([codeOfName('win32', 'KEY_A'), codeOfName('usb', 'KEY_A'), codeOfName('qnum', 'a'), codeOfName('linux', 'constructor')]).toEqual([null, null, null, null]);
  });
});

test('a number that is no key is none', () => {
  expect([qcodeOf('linux', 0), qcodeOf('linux', 0xffff), qcodeOf('usb', 0)]).toEqual([null, null, null]);
});

test('the old number of Print is still one', () => {
  expect([qcodeOf('qnum', 0xb7), qcodeOf('qnum', 0x54), qcodeOf('qnum', 0x71)]).toEqual(['print', 'print', 'lang2']);
});

test('every line of the table has all columns and numbers only', () => {
  for (const line of keyTable.trim().split('\n')) {
    expect(line).toMatch(/^[a-z0-9_]+( \| (-|([A-Za-z0-9_]+=)?(0x[0-9a-f]+|\d+)(,([A-Za-z0-9_]+=)?(0x[0-9a-f]+|\d+))*)){8}$/);
  }
});
