/** The key that ends a console: one byte, written as virsh writes it (`^]` is Ctrl + ]). */
import { UsageError } from '../command-error.ts';

export interface EscapeKey {
  readonly byte: number;
  /** How it is told to people: `^] (Ctrl + ])`. */
  readonly label: string;
}

/** @throws UsageError in virsh's words. */
export function parseEscape(text: string): EscapeKey {
  const key = /^\^(.)$/su.exec(text)?.[1];
  if (key !== undefined && isAscii(key)) return { byte: key.toUpperCase().charCodeAt(0) ^ 0x40, label: `${text} (Ctrl + ${key})` };
  if (text.length === 1 && text !== '^' && isAscii(text)) return { byte: text.charCodeAt(0), label: text };
  throw new UsageError(`Invalid string '${text}' for escape sequence`);
}

function isAscii(character: string): boolean {
  return character.length === 1 && character.charCodeAt(0) < 0x80;
}
