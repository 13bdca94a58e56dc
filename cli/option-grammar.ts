/**
 * virsh's grammar for the words after a command's name, which no getopt speaks: only two dashes begin an option, one
 * dash is data; options may be given by position or by name; `--name=value` and `--name value` are the same; after `--`
 * everything is data. The refusals are virsh's own (measured with virsh 9.0.0).
 */
import { CommandError, UsageError } from './command-error.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string' | 'number' | 'strings';
  readonly help: string;
  /** Must be given; shown as `<name>`. */
  readonly required?: true;
  /** Only by its name, never by position. */
  readonly named?: true;
  /** A number that may be 0. */
  readonly least?: 0;
  /** What a number may be, where that is more than seconds are. */
  readonly most?: number;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

interface ValueTypes {
  boolean: boolean;
  string: string;
  number: number;
  strings: readonly string[];
}
/** What a command gets: a flag is always there, a list may be empty, other options are null when not given. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K]['type'] extends 'boolean' | 'strings' ? ValueTypes[O[K]['type']] : O[K] extends { required: true } ? ValueTypes[O[K]['type']] : ValueTypes[O[K]['type']] | null;
};

type RawValue = true | string | string[];

export function parseOptions<const O extends OptionSpecs>(command: string, specs: O, words: readonly string[]): OptionValues<O> {
  const given = collect(command, specs, words);
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.required && !given.has(name)) throw new UsageError(`command '${command}' requires <${name}> option`);
  }
  const values = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, finish(name, spec, given.get(name))]));
  return values as OptionValues<O>;
}

function collect(command: string, specs: OptionSpecs, words: readonly string[]): Map<string, RawValue> {
  const given = new Map<string, RawValue>();
  let onlyData = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === '--' && !onlyData) {
      onlyData = true;
    } else if (onlyData || !word.startsWith('--')) {
      takeData(specs, given, word);
    } else {
      const { name, value } = splitOption(word);
      const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
      if (!spec) throw new UsageError(`command '${command}' doesn't support option --${name}`);
      if (given.has(name) && spec.type !== 'strings') throw new UsageError(`option --${name} already seen`);
      if (spec.type === 'boolean') {
        if (value !== null) throw new UsageError(`invalid '=' after option --${name}`);
        given.set(name, true);
        continue;
      }
      const data = value ?? words[++index];
      if (data === undefined) throw new UsageError(`expected syntax: --${name} <${spec.type === 'number' ? 'number' : 'string'}>`);
      add(given, name, spec, data);
    }
  }
  return given;
}

/** A word by position goes to the first option that takes data and has none. */
function takeData(specs: OptionSpecs, given: Map<string, RawValue>, word: string): void {
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.type === 'boolean' || spec.named || (given.has(name) && spec.type !== 'strings')) continue;
    return add(given, name, spec, word);
  }
  throw new UsageError(`unexpected data '${word}'`);
}

function add(given: Map<string, RawValue>, name: string, spec: OptionSpec, data: string): void {
  if (spec.type !== 'strings') return void given.set(name, data);
  const before = given.get(name);
  given.set(name, Array.isArray(before) ? [...before, data] : [data]);
}

function splitOption(word: string): { name: string; value: string | null } {
  const equals = word.indexOf('=');
  return equals === -1 ? { name: word.slice(2), value: null } : { name: word.slice(2, equals), value: word.slice(equals + 1) };
}

function finish(name: string, spec: OptionSpec, raw: RawValue | undefined): boolean | string | number | readonly string[] | null {
  if (spec.type === 'boolean') return raw === true;
  if (spec.type === 'strings') return Array.isArray(raw) ? raw : [];
  if (typeof raw !== 'string') return null;
  return spec.type === 'number' ? wholeNumber(name, raw, spec.least ?? 1, spec.most ?? 0x7fff_ffff / 1000) : raw;
}

function wholeNumber(name: string, raw: string, least: number, most: number): number {
  const value = Number(raw);
  if (/^\d+$/.test(raw) && value >= least && value <= most) return value;
  throw new CommandError('INVALID_ARG', `Numeric value '${raw}' for <${name}> option is malformed or out of range`);
}

/** @throws where both were given. */
export function assertExclusive(values: Readonly<Record<string, unknown>>, one: string, other: string): void {
  const isGiven = (name: string): boolean => values[name] !== null && values[name] !== false;
  if (isGiven(one) && isGiven(other)) throw new CommandError('INVALID_ARG', `Options --${one} and --${other} are mutually exclusive`);
}
