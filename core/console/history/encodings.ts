/** How guests write characters beyond ASCII. */
export const consoleEncodings = ['utf-8', 'latin1', 'cp437'] as const;
export type ConsoleEncoding = (typeof consoleEncodings)[number];

/** The upper half of code page 437, which the PC's firmware and DOS write. */
const cp437Upper =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** What cannot be decoded becomes U+FFFD. */
export function decodeBytes(bytes: Buffer, encoding: ConsoleEncoding): string {
  if (encoding === 'utf-8') return bytes.toString('utf8');
  const text = bytes.toString('latin1');
  return encoding === 'latin1' ? text : text.replaceAll(/[\u0080-\u00ff]/g, (character) => cp437Upper.charAt(character.charCodeAt(0) - 0x80));
}

/** As `decodeBytes`, for bytes that come in pieces: a character that a piece ends in comes with the next one. */
export class PieceDecoder {
  readonly #encoding: ConsoleEncoding;
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(encoding: ConsoleEncoding) {
    this.#encoding = encoding;
  }

  push(bytes: Buffer): string {
    return this.#encoding === 'utf-8' ? this.#utf8.decode(bytes, { stream: true }) : decodeBytes(bytes, this.#encoding);
  }

  /** What a character that never ended leaves. */
  end(): string {
    return this.#encoding === 'utf-8' ? this.#utf8.decode() : '';
  }
}
