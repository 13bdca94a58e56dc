/** QEMU's arguments as options with values: `-name guest=a,debug-threads=on`, `-device {...}`. */
import { VireoError } from '../../base/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface QemuOption {
  /** Without its dash. */
  readonly option: string;
  /** Null for one that stands alone, such as `-S`. */
  readonly value: string | null;
}

/** Throws INVALID_ARG for a word that belongs to no option. */
export function readOptions(args: readonly string[]): readonly QemuOption[] {
  const options: QemuOption[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (!word.startsWith('-')) throw new VireoError('INVALID_ARG', `the command line has '${word.slice(0, 200)}', which belongs to no option`);
    const next = args[at + 1];
    const hasValue = next !== undefined && !/^-[A-Za-z]/.test(next);
    options.push({ option: word.replace(/^--?/, ''), value: hasValue ? next : null });
    if (hasValue) at += 1;
  }
  return options;
}

export interface KeyedValue {
  /** The part before the first comma where it names no key, such as the machine's name. */
  readonly first: string | null;
  readonly keys: ReadonlyMap<string, string>;
}

/** `pc,usb=off,path=a,,b`: two commas are one that belongs to the value. */
export function readKeyed(value: string): KeyedValue {
  const parts = value.split(/(?<!,),(?!,)|(?<=(?:^|[^,])(?:,,)+),(?!,)/).map((part) => part.replaceAll(',,', ','));
  const [head = '', ...rest] = parts;
  const first = head.includes('=') ? null : head;
  const pairs = (first === null ? parts : rest).map((part): [string, string] => {
    const at = part.indexOf('=');
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
  });
  return { first, keys: new Map(pairs) };
}

/** Throws CONFIG_UNSUPPORTED for a value in QEMU's older form, which this driver does not write. */
export function readJson({ option, value }: QemuOption): Json {
  try {
    const parsed: unknown = JSON.parse(value ?? '');
    if (typeof parsed === 'object' && parsed !== null) return parsed as Json;
  } catch {
    // Said below, with the value.
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `-${option} ${(value ?? '').slice(0, 200)} is not in JSON, as this driver writes it`);
}

export function text(value: unknown): string | null {
  return value === undefined || value === null || typeof value === 'object' ? null : String(value as string | number | boolean);
}
