/**
 * QEMU's recorded schema as a judge of requests: the same refusals, class and text, as QEMU 7.2 gives. Unions and
 * nested objects are looked into as far as a mistake of ours could reach: one level, and the branch that a tag chooses.
 */
import { readFileSync } from 'node:fs';

interface Member {
  readonly name: string;
  readonly type: string;
  readonly default?: null;
}

interface Entry {
  readonly name: string;
  readonly 'meta-type': 'command' | 'event' | 'object' | 'enum' | 'array' | 'builtin' | 'alternate';
  readonly 'arg-type'?: string;
  readonly 'ret-type'?: string;
  readonly 'allow-oob'?: boolean;
  readonly members?: readonly Member[];
  readonly tag?: string;
  readonly variants?: readonly { readonly case: string; readonly type: string }[];
  readonly values?: readonly string[];
  readonly 'json-type'?: string;
}

export interface Refusal {
  readonly class: string;
  readonly desc: string;
}

/** Commands with `gen: false`, whose members the schema does not list in full. */
const openCommands = new Set(['device_add']);

const recording = JSON.parse(readFileSync(new URL('../fixtures/qmp-schema-7.2.json', import.meta.url), 'utf8')) as {
  readonly qemu: string;
  readonly schema: readonly Entry[];
};

export const recordedVersion = recording.qemu;
export const recordedSchema: readonly unknown[] = recording.schema;
const entries = new Map(recording.schema.map((entry) => [entry.name, entry]));

/** What QEMU would answer instead of executing the command; null where it would execute it. */
export function refuse(command: string, args: Readonly<Record<string, unknown>>, outOfBand: boolean): Refusal | null {
  const entry = entries.get(command);
  if (entry?.['meta-type'] !== 'command') {
    return { class: 'CommandNotFound', desc: `The command ${command} has not been found` };
  }
  if (outOfBand && !entry['allow-oob']) return generic(`The command ${command} does not support OOB`);
  const members = membersOf(entries.get(entry['arg-type'] ?? '0'), args);
  for (const member of members) {
    const value = args[member.name];
    if (value === undefined && !('default' in member)) return generic(`Parameter '${member.name}' is missing`);
    if (value === undefined) continue;
    const expected = expectedType(member.type, value);
    if (expected !== null) return generic(`Invalid parameter type for '${member.name}', expected: ${expected}`);
  }
  const known = new Set(members.map((member) => member.name));
  const unexpected = openCommands.has(command) ? undefined : Object.keys(args).find((name) => !known.has(name));
  return unexpected === undefined ? null : generic(`Parameter '${unexpected}' is unexpected`);
}

/** The least that a command may answer: an empty list, or an object without members. */
export function emptyResult(command: string): unknown {
  return entries.get(command)?.['ret-type']?.startsWith('[') ? [] : {};
}

function membersOf(entry: Entry | undefined, args: Readonly<Record<string, unknown>>): readonly Member[] {
  const own = entry?.members ?? [];
  const branch = entry?.variants?.find((variant) => entry.tag !== undefined && variant.case === args[entry.tag]);
  return branch ? [...own, ...membersOf(entries.get(branch.type), args)] : own;
}

/** What QEMU says it expected where the value has the wrong JSON type; null where it fits. */
function expectedType(type: string, value: unknown): string | null {
  const entry = entries.get(type);
  if (entry?.['meta-type'] === 'array' || type.startsWith('[')) return Array.isArray(value) ? null : 'array';
  if (entry?.['meta-type'] === 'object') return typeof value === 'object' && value !== null ? null : 'object';
  if (entry?.['meta-type'] === 'enum' || type === 'str') return typeof value === 'string' ? null : 'string';
  if (type === 'bool') return typeof value === 'boolean' ? null : 'boolean';
  if (type === 'int') return Number.isInteger(value) ? null : 'integer';
  if (type === 'number') return typeof value === 'number' ? null : 'number';
  return null;
}

const generic = (desc: string): Refusal => ({ class: 'GenericError', desc });
