/** What a guest is sent for what was typed: its line end, its backspace, its encoding; and what a local echo shows. Pure. */
import { encodeText } from './guest-encoding.ts';
import type { GuestSettings } from './terminal-settings.ts';

const lineEnds = { CR: '\r', LF: '\n', CRLF: '\r\n' } as const;

/** `text` is what xterm makes of keys: Return as CR, Backspace as DEL, Ctrl+Backspace as BS. */
export function guestBytes(text: string, { encoding, enterSends, backspaceSends }: GuestSettings): Uint8Array<ArrayBuffer> {
  const key = backspaceSends === 'BS' && text === '\u007f' ? '\b' : backspaceSends === 'BS' && text === '\b' ? '\u007f' : text;
  return encodeText(encoding, enterSends === 'CR' ? key : key.replaceAll('\r', lineEnds[enterSends]));
}

/** As a terminal in half duplex shows its own keys: escape sequences not at all, controls as `^C`. */
export function echoOf(text: string): string {
  // eslint-disable-next-line no-control-regex -- keys are control characters
  const printed = text.replaceAll(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?/gu, '');
  let echo = '';
  for (const character of printed) {
    const code = character.charCodeAt(0);
    if (character === '\r') echo += '\r\n';
    else if (character === '\u007f' || character === '\b') echo += '\b \b';
    else if (character === '\t') echo += '\t';
    else if (code < 0x20) echo += `^${String.fromCharCode(code + 0x40)}`;
    else echo += character;
  }
  return echo;
}
