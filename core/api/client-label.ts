/**
 * What a client says of itself, made fit to be shown: it is told to whoever is refused or taken over, in a window, on a
 * terminal and in a log, and nothing but the client vouches for it.
 */
import { visibleText } from '../agent/guest-text.ts';

/** Room for a command, a user, a terminal and an IPv6 address. */
const maximumCharacters = 120;

export function clientLabel(said: string): string {
  const line = visibleText(said.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim());
  const characters = Array.from(line);
  return characters.length > maximumCharacters ? `${characters.slice(0, maximumCharacters - 1).join('').trimEnd()}…` : line;
}
