/**
 * One option of QEMU's command line with its value, still typed. core/command renders fragments; nobody else turns a
 * name or path into an argument, so nobody else can forget to quote one.
 */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Options that QEMU 7.2 reads as JSON. */
export type JsonOption = 'audiodev' | 'blockdev' | 'device' | 'netdev' | 'object';

export type CommandFragment =
  /** `-device {"driver":...}` */
  | { readonly form: 'json'; readonly option: JsonOption; readonly value: JsonObject }
  /** `-chardev socket,id=a,path=b`: commas in values are doubled. */
  | { readonly form: 'keys'; readonly option: string; readonly first: string | null; readonly keys: readonly (readonly [key: string, value: string])[] }
  /** `-kernel PATH`: the value is taken by QEMU as it is. */
  | { readonly form: 'plain'; readonly option: string; readonly value: string }
  /** `-S` */
  | { readonly form: 'flag'; readonly option: string }
  /** An argument of qemu:commandline, as its author wrote it. */
  | { readonly form: 'verbatim'; readonly value: string }
  /** A variable of QEMU's environment, for libraries in it that read nothing else. */
  | { readonly form: 'environment'; readonly name: string; readonly value: string };

export function json(option: JsonOption, value: JsonObject): CommandFragment {
  return { form: 'json', option, value };
}

/** `keys` in order; entries whose value is null are left out. */
export function keyed(option: string, first: string | null, keys: Readonly<Record<string, string | number | boolean | null>>): CommandFragment {
  const given = Object.entries(keys).filter(([, value]) => value !== null);
  return { form: 'keys', option, first, keys: given.map(([key, value]) => [key, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)]) };
}

export function plain(option: string, value: string): CommandFragment {
  return { form: 'plain', option, value };
}

export function flag(option: string): CommandFragment {
  return { form: 'flag', option };
}

export function environment(name: string, value: string): CommandFragment {
  return { form: 'environment', name, value };
}

/** A JSON object without the entries that are null: absent, not null, is how QEMU knows a default. */
export function withoutNulls(value: Readonly<Record<string, JsonValue>>): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
}
