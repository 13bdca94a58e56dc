/**
 * Text that comes from inside a guest and is shown to people. It may hold codes that move a terminal's cursor, and marks
 * that turn the order of what is read; whoever shows it must not have to think of that.
 */

/** Control characters, marks without a width (bidirectional ones among them), halves of characters, line ends. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with a visible sign in the place of each character that is none. */
export function visibleText(text: string): string {
  return text.replaceAll(invisible, '\ufffd');
}

/** For a message: one line, at most so many characters of the guest's. */
export function clippedText(text: string, maximumLength: number): string {
  const cleaned = text.slice(0, maximumLength).replaceAll(/\p{Cc}+/gu, ' ').trim();
  return visibleText(text.length > maximumLength ? `${cleaned}...` : cleaned);
}

/** JSON text with the same meaning that a terminal shows as it stands. */
export function visibleJson(json: string): string {
  return json.replaceAll(/[\u007f-\u009f\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()].map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
