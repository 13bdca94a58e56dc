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

/** Lists what is kept at and below `path`; namespace declarations say nothing by themselves and are left out. */
export function listKeptNodes(kept: KeptNodes | undefined, path: string): readonly UnknownNode[] {
  if (!kept) return [];
  const attributes = [...kept.attributes.keys()].filter((name) => !isNamespaceDeclaration(name));
  return [
    ...attributes.map((name) => ({ path: `${path}@${name}`, line: kept.line })),
    ...kept.elements.map((element) => ({ path: `${path}/${element.name}`, line: element.line })),
    ...(kept.text.trim() === '' ? [] : [{ path: `${path}/text()`, line: kept.line }]),
    ...[...kept.within].flatMap(([name, inner]) => listKeptNodes(inner, `${path}/${name}`)),
  ];
}

function isNamespaceDeclaration(name: string): boolean {
  return name === 'xmlns' || name.startsWith('xmlns:');
}
