/**
 * The words before and around a command that are for the command line itself. virsh takes them before the command only;
 * `--json`, `--home` and `--quiet` are taken after it too, because that is where people write them under npm.
 */
import { UsageError } from './command-error.ts';

export interface GlobalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly home: string | null;
  /** Another host, by its URI. */
  readonly connect: string | null;
  readonly escape: string;
  /** What is asked of the command line itself instead of a command. */
  readonly show: 'help' | 'version' | null;
  /** The command's name and its words; empty without one. */
  readonly words: readonly string[];
}

interface Collected {
  json: boolean;
  quiet: boolean;
  home: string | null;
  connect: string | null;
  escape: string;
  show: 'help' | 'version' | null;
}

/** @throws UsageError in virsh's words. */
export function parseGlobalOptions(argv: readonly string[]): GlobalOptions {
  const collected: Collected = { json: false, quiet: false, home: null, connect: null, escape: '^]', show: null };
  let index = 0;
  for (; index < argv.length; index++) {
    const word = argv[index]!;
    if (word === '--') {
      index++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    index += takeGlobal(collected, word, argv[index + 1]);
  }
  const [name, ...rest] = argv.slice(index);
  if (name === undefined) return { ...collected, words: [] };
  const words = [name, ...takeTrailing(collected, rest)];
  return { ...collected, words };
}

/** How many further words were used. */
function takeGlobal(collected: Collected, word: string, next: string | undefined): 0 | 1 {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const name = equals === -1 ? word : word.slice(0, equals);
  const inline = equals === -1 ? undefined : word.slice(equals + 1);
  if (name === '-h' || name === '--help') collected.show = 'help';
  else if (name === '-v' || name === '-V' || name === '--version') collected.show = 'version';
  else if (name === '-q' || name === '--quiet') collected.quiet = true;
  else if (name === '--json') collected.json = true;
  else if (name === '--home' || name === '-c' || name === '--connect' || name === '-e' || name === '--escape') {
    const value = inline ?? next;
    if (value === undefined) throw new UsageError(`option '${name}' requires an argument`);
    if (name === '--home') collected.home = value;
    else if (name === '-c' || name === '--connect') collected.connect = value;
    else collected.escape = value;
    return inline === undefined ? 1 : 0;
  } else throw new UsageError(`unsupported option '${word}'. See --help.`);
  return 0;
}

/** The command's own words, without those that are for the command line; after `--` every word is the command's. */
function takeTrailing(collected: Collected, words: readonly string[]): readonly string[] {
  const own: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === '--') return [...own, ...words.slice(index)];
    const isGlobal = word === '--json' || word === '--quiet' || word === '--home' || word.startsWith('--home=');
    if (isGlobal) index += takeGlobal(collected, word, words[index + 1]);
    else own.push(word);
  }
  return own;
}
