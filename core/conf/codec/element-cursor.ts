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

const noElements: readonly XmlElement[] = [];
const noAttributes: ReadonlyMap<string, string> = new Map();
const nothingWithin: ReadonlyMap<string, KeptNodes> = new Map();

export interface Refusal {
  readonly attribute?: string;
  readonly value?: string;
  readonly allowed?: string;
}

/** Most elements have few attributes and no unknown ones: what is read is counted first and compared by name only then. */
export class ElementCursor {
  readonly element: XmlElement;
  readonly context: ReadContext;
  readonly #parent: ElementCursor | null;
  readonly #readAttributes: string[] = [];
  readonly #readChildren: XmlElement[] = [];
  #single: Map<string, ElementCursor> | null = null;
  /** The children by name, made when the first is asked for: an element of forty optional ones is read in one pass. */
  #byName: ReadonlyMap<string, readonly XmlElement[]> | null = null;
  #readText = false;

  constructor(element: XmlElement, context: ReadContext, parent: ElementCursor | null = null) {
    this.element = element;
    this.context = context;
    this.#parent = parent;
  }

  /** From the root of what is read: `domain/devices/disk`. */
  get path(): string {
    return this.#parent ? `${this.#parent.path}/${this.element.name}` : this.element.name;
  }

  hasAttribute(name: string): boolean {
    return this.element.attributes.has(name);
  }

  attribute(name: string): string | null {
    const value = this.element.attributes.get(name);
    if (value === undefined) return null;
    if (!this.#readAttributes.includes(name)) this.#readAttributes.push(name);
    return value;
  }

  text(): string {
    this.#readText = true;
    return textOf(this.element);
  }

  hasText(): boolean {
    return textOf(this.element).trim() !== '';
  }

  hasChild(name: string): boolean {
    return this.#named(name).length > 0;
  }

  /** The first child of that name; further ones are unknown, as libvirt ignores them. */
  child(name: string): ElementCursor | null {
    const known = this.#single?.get(name);
    if (known) return known;
    const element = this.#named(name)[0];
    if (!element) return null;
    const cursor = new ElementCursor(element, this.context, this);
    this.#single ??= new Map();
    this.#single.set(name, cursor);
    this.#readChildren.push(element);
    return cursor;
  }

  /** Every child that `accept` takes; each keeps its own unknown nodes. */
  takeChildren(accept: (name: string) => boolean): readonly ElementCursor[] {
    return this.#take(childElements(this.element).filter((child) => accept(canonicalName(child))));
  }

  /** Every child of that name; each keeps its own unknown nodes. */
  takeNamed(name: string): readonly ElementCursor[] {
    return this.#take(this.#named(name));
  }

  #take(elements: readonly XmlElement[]): readonly ElementCursor[] {
    if (elements.length === 0) return [];
    const read = new Set(this.#readChildren);
    const taken = elements.filter((element) => !read.has(element));
    this.#readChildren.push(...taken);
    return taken.map((element) => new ElementCursor(element, this.context, this));
  }

  #named(name: string): readonly XmlElement[] {
    if (this.element.children.length === 0) return noElements;
    this.#byName ??= byName(this.element);
    return this.#byName.get(name) ?? noElements;
  }

  /** What nobody read, or null. */
  leftovers(): KeptNodes | null {
    const attributes = this.#unreadAttributes();
    const elements = this.#unreadElements();
    const ownText = this.#readText ? '' : textOf(this.element);
    const text = ownText.trim() === '' ? '' : ownText;
    const within = this.#leftoversWithin();
    if (attributes.size === 0 && elements.length === 0 && text === '' && within.size === 0) return null;
    const firsts = this.#firstsOf(elements);
    return { path: this.path, attributes, elements, text, within, line: this.element.line, ...(firsts.length === 0 ? {} : { firsts }) };
  }

  /** The children that were read and have further ones of their name behind them. */
  #firstsOf(further: readonly XmlElement[]): readonly XmlElement[] {
    const names = new Set(further.map(canonicalName).filter((name) => this.#single?.has(name)));
    return [...names].map((name) => this.#single?.get(name)?.element).filter((element) => element !== undefined);
  }

  #unreadAttributes(): ReadonlyMap<string, string> {
    const { attributes } = this.element;
    if (this.#readAttributes.length === attributes.size) return noAttributes;
    return new Map([...attributes].filter(([name]) => !this.#readAttributes.includes(name)));
  }

  #unreadElements(): readonly XmlElement[] {
    const { children } = this.element;
    if (children.length === 0 || this.#readChildren.length === children.length) return noElements;
    const read = new Set(this.#readChildren);
    return childElements(this.element).filter((child) => !read.has(child));
  }

  #leftoversWithin(): ReadonlyMap<string, KeptNodes> {
    if (!this.#single) return nothingWithin;
    let within: Map<string, KeptNodes> | null = null;
    for (const [name, cursor] of this.#single) {
      const inner = cursor.leftovers();
      if (!inner) continue;
      within ??= new Map();
      within.set(name, inner);
    }
    return within ?? nothingWithin;
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

function byName(element: XmlElement): ReadonlyMap<string, readonly XmlElement[]> {
  const groups = new Map<string, XmlElement[]>();
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    const name = canonicalName(child);
    const group = groups.get(name);
    if (group) group.push(child);
    else groups.set(name, [child]);
  }
  return groups;
}

function canonicalName(element: XmlElement): string {
  const prefix = namespacePrefixes.get(element.namespace);
  return prefix === undefined ? element.name : `${prefix}:${element.name.slice(element.name.indexOf(':') + 1)}`;
}

/** A message stays readable when the value is a whole file. */
function shorten(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}...` : value;
}
