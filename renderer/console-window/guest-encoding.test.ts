import { describe, expect, it } from 'vitest';
import { type GuestEncodingId, createDecoder, encodeText, guestEncodings } from './guest-encoding.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const decode = (id: GuestEncodingId, ...values: number[]): string => createDecoder(id).decode(bytes(...values));

describe('guest encodings', () => {
  it('are all known to the platform or brought along', () => {
    for (const { id } of guestEncodings) expect(createDecoder(id).decode(bytes(0x41, 0x1b))).toBe('A\u001b');
  });

  it('code page 437 draws boxes', () => {
    expect(decode('cp437', 0xc9, 0xcd, 0xbb, 0x20, 0x84, 0xe1, 0xff)).toBe('╔═╗ äß\u00a0');
  });

  it('Latin-1 keeps its controls, which Windows 1252 has letters for', () => {
    expect(decode('latin1', 0xe4, 0x9b)).toBe('ä\u009b');
  });

  it('decode a character that comes in two pieces', () => {
    const decoder = createDecoder('shift_jis');
    expect(decoder.decode(bytes(0x93)) + decoder.decode(bytes(0xfa, 0x96)) + decoder.decode(bytes(0x7b))).toBe('日本');
  });

  it.each([
    ['utf-8', 'ä日🐦'],
    ['latin1', 'äß\u009b'],
    ['cp437', '╔═╗äß≡'],
    ['koi8-r', 'Привет'],
    ['ibm866', 'Привет'],
    ['windows-1251', 'Привет'],
    ['iso-8859-15', '€Œ'],
    ['shift_jis', '日本語カナ'],
    ['euc-jp', '日本語カナ'],
    ['gbk', '中文'],
    ['big5', '中文'],
    ['euc-kr', '한국어'],
  ] as const)('%s takes back what it gave', (id, text) => {
    expect(createDecoder(id).decode(encodeText(id, text))).toBe(text);
  });

  it('know the bytes that others know', () => {
    expect([[...encodeText('shift_jis', '日本')], [...encodeText('euc-kr', '한')], [...encodeText('cp437', 'é')]]).toEqual([[0x93, 0xfa, 0x96, 0x7b], [0xc7, 0xd1], [0x82]]);
  });

  it('type a question mark for what they have no character for', () => {
    expect([...encodeText('latin1', 'a日🐦z')]).toEqual([0x61, 0x3f, 0x3f, 0x7a]);
  });

  it('leave keys as they are', () => {
    for (const { id } of guestEncodings) expect([...encodeText(id, '\u001b[A\r\u007f')]).toEqual([0x1b, 0x5b, 0x41, 0x0d, 0x7f]);
  });
});
