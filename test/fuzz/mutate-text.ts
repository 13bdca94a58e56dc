/** Damages a document as a sequence of characters: what a broken disk, an editor or an attacker does to a file. */
import type { Random } from './random.ts';

const tokens = [
  '<', '>', '</', '/>', '&', '&amp;', '&#0;', '&#x110000;', '&lol;', '<!DOCTYPE a [<!ENTITY b "c">]>', '<![CDATA[', ']]>', '<!--', '-->', '<?xml version="1.0"?>', "'", '"', '=', ' ', '\0', '\u{feff}', '\ud800', '\u{1f4be}', '\r\n',
  '18446744073709551616', '-1', '1e9', '0x', '999999999999999999999', "xmlns:x='urn:x'", "xmlns=''", '<devices>', '</domain>', '%s%n', '../../etc/passwd', ',,', '\n\n',
];

export function mutateText(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const length = 1 + random.below(random.next() < 0.8 ? 8 : 400);
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at) + random.pick(tokens) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at + length) + text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCodePoint(random.below(0xd800)) + text.slice(at + 1);
    case 4:
      return text.slice(0, at) + random.pick(tokens) + text.slice(at + length);
    case 5: {
      const from = random.below(text.length + 1);
      return text.slice(0, at) + text.slice(from, from + length) + text.slice(at);
    }
    default:
      return random.next() < 0.2 ? text.slice(0, at) : text.slice(0, at) + random.pick(tokens).repeat(1 + random.below(200)) + text.slice(at);
  }
}
