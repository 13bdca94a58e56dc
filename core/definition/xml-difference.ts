/** Names what differs between two definitions in the words of their XML, for messages. */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { childElements, textOf, type XmlElement } from '../xml/xml-element.ts';

export interface XmlDifference {
  /** From below `<domain>`: `cpu/model`. */
  readonly element: string;
  /** Null where text, or the element as a whole, differs. */
  readonly attribute: string | null;
  /** Quoted; `(none)` where there is nothing. */
  readonly source: string;
  readonly target: string;
}

/** Null where both are written alike, or where one of them cannot be written. */
export function firstXmlDifference(source: DomainDefinition, target: DomainDefinition): XmlDifference | null {
  const read = (definition: DomainDefinition): XmlElement => parseXml(formatDomain(definition, { form: 'inactive', secure: true }));
  try {
    return elementDifference(read(source), read(target), []);
  } catch (error) {
    // A part that belongs to another variant of its element cannot be written inside this one: TypeError or our own.
    if (error instanceof TypeError || error instanceof VireoError) return null;
    throw error;
  }
}

function elementDifference(source: XmlElement, target: XmlElement, way: readonly string[]): XmlDifference | null {
  const element = way.join('/');
  for (const name of new Set([...source.attributes.keys(), ...target.attributes.keys()])) {
    const [one, other] = [source.attributes.get(name), target.attributes.get(name)];
    if (one !== other) return { element, attribute: name, source: quoted(one), target: quoted(other) };
  }
  if (textOf(source) !== textOf(target)) return { element, attribute: null, source: quoted(textOf(source)), target: quoted(textOf(target)) };
  return childrenDifference(source, target, way);
}

/** Children of a name are matched in their order. */
function childrenDifference(source: XmlElement, target: XmlElement, way: readonly string[]): XmlDifference | null {
  const names = new Set([...childElements(source), ...childElements(target)].map(({ name }) => name));
  for (const name of names) {
    const [ones, others] = [source, target].map((element) => childElements(element).filter((child) => child.name === name)) as [XmlElement[], XmlElement[]];
    for (let at = 0; at < Math.max(ones.length, others.length); at += 1) {
      const [one, other] = [ones[at], others[at]];
      if (!one || !other) return { element: [...way, name].join('/'), attribute: null, source: brief(one), target: brief(other) };
      const found = elementDifference(one, other, [...way, name]);
      if (found) return found;
    }
  }
  return null;
}

function brief(element: XmlElement | undefined): string {
  if (!element) return '(none)';
  const attributes = [...element.attributes].map(([name, value]) => ` ${name}="${value}"`).join('');
  return `<${element.name}${attributes}>${textOf(element)}`.slice(0, 100);
}

function quoted(value: string | undefined): string {
  return value === undefined || value === '' ? '(none)' : `'${value}'`;
}
