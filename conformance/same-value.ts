/** Compares definitions as they were read from two documents: everything counts but where in the document it stood. */
import type { KeptNodes } from '../core/conf/codec/kept-nodes.ts';

/** The path of the first difference, null where there is none. */
export function firstDifference(one: unknown, other: unknown, path = ''): string | null {
  if (Object.is(one, other) || (saysNothing(one) && saysNothing(other))) return null;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return `${path}: ${brief(one)} became ${brief(other)}`;
  const [ones, others] = [partsOf(one), partsOf(other)];
  for (const name of new Set([...ones.keys(), ...others.keys()])) {
    const difference = firstDifference(ones.get(name), others.get(name), `${path}/${name}`);
    if (difference !== null) return difference;
  }
  return null;
}

function partsOf(value: object): ReadonlyMap<string, unknown> {
  // Declarations of namespaces say nothing by themselves; the prefixes of what is known are the driver's.
  if (value instanceof Map) return new Map([...(value as Map<string, unknown>)].filter(([name]) => name !== 'xmlns' && !name.startsWith('xmlns:')));
  const entries = Object.entries(value);
  return new Map(isPlaced(value) ? entries.filter(([name]) => !['line', 'column', 'path', 'firsts'].includes(name)) : entries);
}

/** Kept nodes of which nothing is left but a declaration. */
function saysNothing(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null || !('within' in value)) return false;
  const { attributes, elements, text, within } = value as KeptNodes;
  return partsOf(attributes).size === 0 && elements.length === 0 && text === '' && [...within.values()].every(saysNothing);
}

/** Kept nodes and elements know their place, and the text of a neighbour they stood behind; a codec's own field may have such a name too, and counts. */
function isPlaced(value: object): boolean {
  return 'line' in value && ('within' in value || 'namespace' in value);
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
