/**
 * QEMU's command line: ordered typed fragments, turned into arguments here and nowhere else. No name or path can end
 * one option and begin another: values are JSON, or taken by QEMU as they are, or have their commas doubled.
 */
import { VireoError } from '../base/errors.ts';
import type { CommandFragment, JsonValue } from '../devices/command-fragment.ts';

export class CommandLine {
  readonly binary: string;
  readonly fragments: readonly CommandFragment[];
  /** Variables that the definition adds to QEMU's environment: those given here win over those of fragments. */
  readonly environment: Readonly<Record<string, string>>;

  constructor(binary: string, fragments: readonly CommandFragment[], environment: Readonly<Record<string, string>> = {}) {
    this.binary = binary;
    this.fragments = fragments;
    const ofFragments = fragments.flatMap((fragment) => (fragment.form === 'environment' ? [[fragment.name, fragment.value] as const] : []));
    this.environment = { ...Object.fromEntries(ofFragments), ...environment };
  }

  /** What follows the binary. */
  get argv(): readonly string[] {
    return this.fragments.flatMap(renderFragment);
  }

  /** For people: one option a line, quoted so that a shell would run the same. */
  toShellText(binary = this.binary): string {
    const variables = Object.entries(this.environment).map(([name, value]) => `${name}=${quoteForShell(value)}`);
    const options = this.fragments.filter(({ form }) => form !== 'environment').map((fragment) => renderFragment(fragment).map(quoteForShell).join(' '));
    return [...variables, quoteForShell(binary), ...options].join(' \\\n');
  }
}

function renderFragment(fragment: CommandFragment): readonly string[] {
  switch (fragment.form) {
    case 'json':
      return [`-${fragment.option}`, renderJson(fragment.value)];
    case 'keys': {
      const pairs = fragment.keys.map(([key, value]) => `${plainKey(key)}=${doubleCommas(value)}`);
      return [`-${fragment.option}`, [...(fragment.first === null ? [] : [doubleCommas(fragment.first)]), ...pairs].join(',')];
    }
    case 'plain':
      return [`-${fragment.option}`, fragment.value];
    case 'flag':
      return [`-${fragment.option}`];
    case 'verbatim':
      return [fragment.value];
    case 'environment':
      return [];
  }
}

/** As JSON.stringify, and with integers of 64 bits, which it refuses. */
function renderJson(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(renderJson).join(',')}]`;
  return `{${Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}:${renderJson(entry)}`).join(',')}}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Keys are the driver's own, but for those of SMBIOS, which a file on disk may have by any name. */
function plainKey(key: string): string {
  if (!/^[\w.+-]+$/.test(key)) throw new VireoError('CONFIG_UNSUPPORTED', `'${key}' is no name of a setting`);
  return key;
}

function doubleCommas(value: string): string {
  return value.replaceAll(',', ',,');
}

function quoteForShell(value: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
