/**
 * Reads one element while it remembers what was asked for, so that the rest is known to be unknown. Every refusal
 * goes through here, so that each one names the element, the attribute, the line and the value.
 */
import { xmlError } from '../../xml/parse-xml.ts';
import { childElements, textOf, type XmlElement } from '../../xml/xml-element.ts';
import type { KeptNodes } from './kept-nodes.ts';

/** Inactive: a definition for the next boot. Live: one run, with what only a run knows (aliases, chosen paths). */
export type DefinitionForm = 'inactive' | 'live';

export interface ReadContext {
  readonly source: string;
  readonly form: DefinitionForm;
}

/** Elements of these namespaces are known by one prefix, whatever prefix the document chose. */
export const namespacePrefixes: ReadonlyMap<string, string> = new Map([['http://libvirt.org/schemas/domain/qemu/1.0', 'qemu']]);

export interface Refusal {
  readonly attribute?: string;
  readonly value?: string;
  readonly allowed?: string;
}

export class ElementCursor {
  readonly element: XmlElement;
  readonly context: ReadContext;
  readonly #readAttributes = new Set<string>();
  readonly #readChildren = new Set<XmlElement>();
  readonly #single = new Map<string, ElementCursor>();
  #readText = false;

  constructor(element: XmlElement, context: ReadContext) {
    this.element = element;
    this.context = context;
  }

  hasAttribute(name: string): boolean {
    return this.element.attributes.has(name);
  }

  attribute(name: string): string | null {
    this.#readAttributes.add(name);
    return this.element.attributes.get(name) ?? null;
  }

  text(): string {
    this.#readText = true;
    return textOf(this.element);
  }

  hasText(): boolean {
    return textOf(this.element).trim() !== '';
  }

  hasChild(name: string): boolean {
    return childElements(this.element).some((child) => canonicalName(child) === name);
  }

  /** The first child of that name; further ones are unknown, as libvirt ignores them. */
  child(name: string): ElementCursor | null {
    const known = this.#single.get(name);
    if (known) return known;
    const element = childElements(this.element).find((child) => canonicalName(child) === name);
    if (!element) return null;
    const cursor = new ElementCursor(element, this.context);
    this.#single.set(name, cursor);
    this.#readChildren.add(element);
    return cursor;
  }

  /** Every child that `accept` takes; each keeps its own unknown nodes. */
  takeChildren(accept: (name: string) => boolean): readonly ElementCursor[] {
    const taken = childElements(this.element).filter((child) => accept(canonicalName(child)) && !this.#readChildren.has(child));
    for (const element of taken) this.#readChildren.add(element);
    return taken.map((element) => new ElementCursor(element, this.context));
  }

  /** What nobody read, or null. */
  leftovers(): KeptNodes | null {
    const attributes = new Map([...this.element.attributes].filter(([name]) => !this.#readAttributes.has(name)));
    const elements = childElements(this.element).filter((child) => !this.#readChildren.has(child));
    const ownText = this.#readText ? '' : textOf(this.element);
    const text = ownText.trim() === '' ? '' : ownText;
    const within = new Map<string, KeptNodes>();
    for (const [name, cursor] of this.#single) {
      const inner = cursor.leftovers();
      if (inner) within.set(name, inner);
    }
    if (attributes.size === 0 && elements.length === 0 && text === '' && within.size === 0) return null;
    return { attributes, elements, text, within, line: this.element.line };
  }

  /** Throws XML_ERROR; details carry line, column, element, attribute and value. */
  fail(text: string, refusal: Refusal = {}): never {
    const { line, column, name } = this.element;
    throw xmlError(this.context.source, line, column, text, { element: name, ...refusal });
  }

  failMissing(what: 'attribute' | 'element', name: string): never {
    const within = `element '${this.element.name}'`;
    if (what === 'element') this.fail(`Missing element '${name}' in ${within}`);
    this.fail(`Missing required attribute '${name}' in ${within}`, { attribute: name });
  }

  failValue(attribute: string | null, value: string, allowed: string): never {
    const where = attribute === null ? `element '${this.element.name}'` : `attribute '${attribute}' in element '${this.element.name}'`;
    const text = `Invalid value for ${where}: '${shorten(value)}'. Allowed: ${allowed}`;
    this.fail(text, attribute === null ? { value, allowed } : { attribute, value, allowed });
  }
}

function canonicalName(element: XmlElement): string {
  const prefix = namespacePrefixes.get(element.namespace);
  return prefix === undefined ? element.name : `${prefix}:${element.name.slice(element.name.indexOf(':') + 1)}`;
}

/** A message stays readable when the value is a whole file. */
function shorten(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}...` : value;
}
