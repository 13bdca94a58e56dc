/** A command line as a shell reads it, without anything that a shell would run: words, quotes, backslashes. */
import { VireoError } from '../../base/errors.ts';

export interface ShellCommand {
  /** `NAME=value` before the program. */
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;

/** Throws INVALID_ARG for an open quote, and for what only a shell could answer: variables, substitutions, pipes. */
export function splitShellText(text: string): ShellCommand {
  const words = splitWords(text);
  const environment: Record<string, string> = {};
  let first = 0;
  for (; first < words.length; first += 1) {
    const [, name, value] = assignment.exec(words[first] ?? '') ?? [];
    if (name === undefined || value === undefined) break;
    environment[name] = value;
  }
  return { environment, words: words.slice(first) };
}

function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) throw new VireoError('INVALID_ARG', 'the command line ends inside a quote');
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (character === '"') {
      const { value, end } = doubleQuoted(text, at + 1);
      word = (word ?? '') + value;
      at = end;
    } else if (character === '\\') {
      at += 1;
      if (text[at] !== '\n') word = (word ?? '') + (text[at] ?? '');
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (/[$`|;&<>(){}#]/.test(character) && word === null) {
      throw new VireoError('INVALID_ARG', `the command line has '${character}', which only a shell could answer`);
    } else word = (word ?? '') + character;
  }
  return word === null ? words : [...words, word];
}

function doubleQuoted(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '"') return { value, end: at };
    if (character === '\\' && /["\\$`]/.test(text[at + 1] ?? '')) {
      at += 1;
      value += text[at];
    } else value += character;
  }
  throw new VireoError('INVALID_ARG', 'the command line ends inside a quote');
}
