import { describe, expect, it } from 'vitest';
import { echoOf, guestBytes } from './guest-input.ts';
import { usualGuestSettings } from './terminal-settings.ts';

const sent = (text: string, changes: Partial<typeof usualGuestSettings> = {}): string => String.fromCharCode(...guestBytes(text, { ...usualGuestSettings, ...changes }));

describe('input of a guest', () => {
  it('ends lines as the guest wants them', () => {
    expect([sent('ls\r'), sent('ls\r', { enterSends: 'LF' }), sent('a\rb\r', { enterSends: 'CRLF' })]).toEqual(['ls\r', 'ls\n', 'a\r\nb\r\n']);
  });

  it('changes Backspace and Ctrl+Backspace for each other, and nothing in a paste', () => {
    expect([sent('\u007f'), sent('\u007f', { backspaceSends: 'BS' }), sent('\b', { backspaceSends: 'BS' }), sent('a\u007fb', { backspaceSends: 'BS' })]).toEqual(['\u007f', '\b', '\u007f', 'a\u007fb']);
  });

  it('speaks the encoding of the guest', () => {
    expect(sent('ä', { encoding: 'cp437' })).toBe('\u0084');
  });

  it('is echoed here without cursor keys, controls by name', () => {
    expect(echoOf('ls\r\u001b[A\u001bOP\u001bx\u0003\u007fä')).toBe('ls\r\n^C\b \bä');
  });
});
