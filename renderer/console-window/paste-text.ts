/**
 * What is about to be pasted, looked at before a guest gets it: a shell runs each line as it comes, and a control
 * character is a key that nobody pressed. Pure.
 */

/** More than a person reads at a glance, and about five seconds of a slow serial line. */
const largeCharacters = 5_000;
/** Text of many lines is shown by its first ones. */
const shownCharacters = 20_000;

export interface PasteFacts {
  readonly characters: number;
  /** Lines with something in them; a newline at the end begins no other. */
  readonly lines: number;
  /** Control characters by the names that people know them by, each once, in the order of their first appearance. */
  readonly controls: readonly string[];
  /** Why it should be asked about first; empty for a word or a line. */
  readonly reasons: readonly PasteReason[];
}

export type PasteReason = 'lines' | 'large' | 'controls';

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu;
const lineEnds = /\r\n|\r|\n/gu;

export function lookAtPaste(text: string): PasteFacts {
  const lines = text === '' ? 0 : text.replace(/(?:\r\n|\r|\n)$/u, '').split(lineEnds).length;
  const endsLine = /[\r\n]$/u.test(text);
  const controls = [...new Set(text.match(controlCharacters) ?? [])].map(nameOfControl);
  const reasons: PasteReason[] = [];
  // A single line that ends with Return would be run as well.
  if (lines > 1 || endsLine) reasons.push('lines');
  if (text.length > largeCharacters) reasons.push('large');
  if (controls.length > 0) reasons.push('controls');
  return { characters: text.length, lines, controls, reasons };
}

/** The text as one line: each line end becomes a blank, and what the lines were indented by goes. */
export function asOneLine(text: string): string {
  return text.replace(/[\r\n]+$/u, '').replaceAll(/[ \t]*(?:\r\n|\r|\n)[ \t\r\n]*/gu, ' ');
}

/** The text without what no person types: only tabs and line ends stay of the control characters. */
export function withoutControls(text: string): string {
  return text.replaceAll(controlCharacters, '');
}

/** How a dialog shows it: controls as pictures, at most some screens of it. */
export function shownText(text: string): { readonly text: string; readonly left: number } {
  const shown = text.slice(0, shownCharacters).replaceAll(/\r\n|\r/gu, '\n').replaceAll(controlCharacters, pictureOfControl);
  return { text: shown, left: Math.max(0, text.length - shownCharacters) };
}

const names: Readonly<Record<number, string>> = { 0x00: 'NUL', 0x03: 'Ctrl+C', 0x04: 'Ctrl+D', 0x07: 'Bell', 0x08: 'Backspace', 0x1a: 'Ctrl+Z', 0x1b: 'Escape', 0x7f: 'Delete' };

function nameOfControl(character: string): string {
  const code = character.charCodeAt(0);
  return names[code] ?? (code < 0x20 ? `Ctrl+${String.fromCharCode(code + 0x40)}` : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`);
}

/** Unicode has pictures for C0 and DEL; what is above them has none. */
function pictureOfControl(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
}
