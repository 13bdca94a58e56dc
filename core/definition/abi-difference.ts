/**
 * Walks two values side by side with a verdict for each of their parts and finds the first part in which the guest would
 * see another machine.
 */
import type { AbiVerdict } from '../conf/abi-verdict.ts';

/** Where in the definition: names of fields and places in lists. */
export type FieldPath = readonly (string | number)[];

export interface FieldDifference {
  readonly path: FieldPath;
  readonly source: unknown;
  readonly target: unknown;
}

/** Null where every part that the guest can see is the same. What codecs keep without understanding it is not judged. */
export function firstAbiDifference(source: unknown, target: unknown, verdict: AbiVerdict, path: FieldPath = []): FieldDifference | null {
  if (verdict === 'may-change' || Object.is(source, target)) return null;
  if (Array.isArray(source) || Array.isArray(target)) return listDifference(asList(source), asList(target), verdict, path);
  // A container that is absent is one whose parts are.
  if (isContainer(source) && isContainer(target ?? {})) return partsDifference(source, (target ?? {}) as Container, verdict, path);
  if (isContainer(target) && (source ?? null) === null) return partsDifference({}, target, verdict, path);
  return (source ?? null) === (target ?? null) ? null : { path, source, target };
}

type Container = Readonly<Record<string, unknown>>;

/** Nodes that are kept stand beside fields, under a name of their own; the kind is what devices are matched by. */
const notJudged = new Set(['unknown', 'kind']);

function partsDifference(source: Container, target: Container, verdict: AbiVerdict, path: FieldPath): FieldDifference | null {
  for (const name of new Set([...Object.keys(source), ...Object.keys(target)])) {
    if (notJudged.has(name)) continue;
    const found = firstAbiDifference(source[name], target[name], verdictOf(verdict, name), [...path, name]);
    if (found) return found;
  }
  return null;
}

function listDifference(source: readonly unknown[], target: readonly unknown[], verdict: AbiVerdict, path: FieldPath): FieldDifference | null {
  for (let at = 0; at < Math.max(source.length, target.length); at += 1) {
    const found = firstAbiDifference(source[at], target[at], verdict, [...path, at]);
    if (found) return found;
  }
  return null;
}

function verdictOf(verdict: AbiVerdict, name: string): AbiVerdict {
  return typeof verdict === 'string' ? verdict : (verdict[name] ?? 'same');
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return (value ?? null) === null ? [] : [value];
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value with one part of it replaced. */
export function withPartAt(value: unknown, path: FieldPath, part: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return part;
  if (typeof name === 'number') {
    const list = [...asList(value)];
    list[name] = withPartAt(list[name], rest, part);
    return list.filter((item) => item !== undefined);
  }
  return { ...(value as Container | null), [name]: withPartAt((value as Container | null)?.[name], rest, part) };
}
