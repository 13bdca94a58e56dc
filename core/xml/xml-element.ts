/**
 * The tree that XML is read into and written from: light, immutable, without DOM. Names keep their prefix as written,
 * so that what this project does not understand goes back to its author unchanged.
 */
export interface XmlElement {
  /** As written, prefix included: `disk`, `qemu:commandline`. */
  readonly name: string;
  /** The namespace that the prefix stands for, empty for none. */
  readonly namespace: string;
  /** In document order, `xmlns` declarations included. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** Where the element starts, counted from 1; 0 for an element that was built and not read. */
  readonly line: number;
  readonly column: number;
}

export type XmlNode = XmlElement | string;

/** Builds an element that comes from no document. */
export function createElement(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  children: readonly XmlNode[] = [],
  namespace = '',
): XmlElement {
  return { name, namespace, attributes: new Map(Object.entries(attributes)), children, line: 0, column: 0 };
}

export function childElements(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child) => typeof child !== 'string');
}

/** The element's own text, that of its children left out. */
export function textOf(element: XmlElement): string {
  return element.children.filter((child) => typeof child === 'string').join('');
}
