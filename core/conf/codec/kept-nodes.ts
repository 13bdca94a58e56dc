/**
 * What a reader did not understand, kept so that writing gives it back. Nodes below a child that occurs once are kept
 * under that child's name, so that the values in between stay plain.
 */
import type { XmlElement } from '../../xml/xml-element.ts';

export interface KeptNodes {
  readonly attributes: ReadonlyMap<string, string>;
  readonly elements: readonly XmlElement[];
  readonly text: string;
  /** By the name of the known child that held them. */
  readonly within: ReadonlyMap<string, KeptNodes>;
  /** Path of the element that held them, from the root of what was read. */
  readonly path: string;
  /**
   * Known children of which there are further ones among `elements`: one whose value is written as nothing is written as
   * it stood, or the next of its name would take its place.
   */
  readonly firsts?: readonly XmlElement[];
  /** Line of the element that held them. */
  readonly line: number;
}

/** Mixed into every definition that is read from an element of its own: a domain, a device, an item of a list. */
export interface Keeping {
  readonly unknown?: KeptNodes;
}

/** One thing that is kept but does nothing, for reports: `devices/disk/driver@foo`. */
export interface UnknownNode {
  readonly path: string;
  readonly line: number;
}

/**
 * Everything that is kept anywhere in `value`, a definition or a part of one. Found by walking it, so that no element
 * with nodes of its own has to be listed anywhere.
 */
export function listKeptNodes(value: unknown): readonly UnknownNode[] {
  const found: UnknownNode[] = [];
  collect(value, found);
  return found;
}

function collect(value: unknown, found: UnknownNode[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  const { unknown } = value as Keeping;
  if (unknown) listKept(unknown, found);
  for (const name in value) if (name !== 'unknown') collect((value as Record<string, unknown>)[name], found);
}

/** Namespace declarations say nothing by themselves and are left out. */
function listKept({ path, line, attributes, elements, text, within }: KeptNodes, found: UnknownNode[]): void {
  for (const name of attributes.keys()) if (!isNamespaceDeclaration(name)) found.push({ path: `${path}@${name}`, line });
  for (const element of elements) found.push({ path: `${path}/${element.name}`, line: element.line });
  if (text.trim() !== '') found.push({ path: `${path}/text()`, line });
  for (const inner of within.values()) listKept(inner, found);
}

function isNamespaceDeclaration(name: string): boolean {
  return name === 'xmlns' || name.startsWith('xmlns:');
}
