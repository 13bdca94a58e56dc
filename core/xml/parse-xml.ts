/**
 * Reads XML that may come from anybody. Document types and entities of one's own are refused, and size, depth and
 * number of elements are limited, so that no file can make the reader expand, recurse or hang; at these limits one
 * document takes some tens of milliseconds, which is why it is read in one go.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { VireoError } from '../base/errors.ts';
import type { XmlElement, XmlNode } from './xml-element.ts';

export interface XmlLimits {
  readonly maximumCharacters: number;
  readonly maximumDepth: number;
  readonly maximumElements: number;
  readonly maximumAttributes: number;
}

export const xmlLimits: XmlLimits = {
  maximumCharacters: 1024 * 1024,
  maximumDepth: 64,
  maximumElements: 20_000,
  maximumAttributes: 64,
};

export interface ParseXmlOptions {
  /** What the text is, for messages: `(domain_definition)` as virsh names it, or a file's path. */
  readonly source?: string;
  readonly limits?: XmlLimits;
}

const noAttributes: ReadonlyMap<string, string> = new Map();

interface OpenElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlNode[];
  readonly line: number;
  readonly column: number;
}

/** Throws XML_ERROR with the line, `(domain_definition):3: unexpected close tag`. Comments are dropped, as libvirt does. */
export function parseXml(text: string, options: ParseXmlOptions = {}): XmlElement {
  const source = options.source ?? '(domain_definition)';
  const limits = options.limits ?? xmlLimits;
  if (text.length > limits.maximumCharacters) {
    throw xmlError(source, 1, 1, `the document has ${text.length} characters, more than ${limits.maximumCharacters}`);
  }
  refuseHalfCharacters(text, source);
  return new TreeBuilder(text, source, limits).build();
}

/** Half of a surrogate pair is no character: it could not be written to a file and read back. */
function refuseHalfCharacters(text: string, source: string): void {
  if (text.isWellFormed()) return;
  const before = text.slice(0, text.search(/\p{Surrogate}/u));
  throw xmlError(source, before.split('\n').length, before.length - before.lastIndexOf('\n'), 'the text holds half of a surrogate pair, which is no character');
}

export function xmlError(source: string, line: number, column: number, text: string, more: Readonly<Record<string, unknown>> = {}): VireoError {
  const where = line > 0 ? `${source}:${line}: ` : '';
  return new VireoError('XML_ERROR', where + text, { details: { source, line, column, ...more } });
}

class TreeBuilder {
  readonly #text: string;
  readonly #source: string;
  readonly #limits: XmlLimits;
  readonly #parser = new SaxesParser({ xmlns: true, position: true });
  readonly #open: OpenElement[] = [];
  #root: XmlElement | null = null;
  #elements = 0;
  /** Of the element being opened; saxes refuses a second one of the same name when the tag ends. */
  #attributes: Map<string, string> | null = null;
  #attributeCount = 0;
  /** The start of the element being opened, and the offset up to which lines have been counted. */
  #line = 1;
  #column = 1;
  #counted = 0;
  #lineStart = 0;

  constructor(text: string, source: string, limits: XmlLimits) {
    this.#text = text;
    this.#source = source;
    this.#limits = limits;
    const parser = this.#parser;
    parser.on('error', (error) => {
      // saxes puts its own position before the words; ours has the form that virsh's users know.
      this.#fail(error.message.replace(/^\d+:\d+: /, ''), parser.line, parser.column);
    });
    parser.on('doctype', () => this.#fail('document type declarations are refused', parser.line, parser.column));
    parser.on('opentagstart', (tag) => this.#start(tag.name));
    parser.on('attribute', ({ name, value }) => {
      this.#attributeCount += 1;
      if (this.#attributeCount > limits.maximumAttributes) this.#fail(`an element has more than ${limits.maximumAttributes} attributes`);
      this.#attributes ??= new Map();
      this.#attributes.set(name, value);
    });
    parser.on('opentag', (tag) => this.#enter(tag));
    parser.on('closetag', () => this.#leave());
    parser.on('text', (content) => this.#append(content));
    parser.on('cdata', (content) => this.#append(content));
  }

  build(): XmlElement {
    this.#parser.write(this.#text).close();
    if (!this.#root) this.#fail('the document has no element');
    return this.#root;
  }

  #fail(text: string, line = this.#line, column = this.#column): never {
    throw xmlError(this.#source, line, column, text);
  }

  #start(name: string): void {
    const offset = Math.max(0, this.#text.lastIndexOf(`<${name}`, this.#parser.position));
    for (let at = this.#text.indexOf('\n', this.#counted); at >= 0 && at < offset; at = this.#text.indexOf('\n', at + 1)) {
      this.#line += 1;
      this.#lineStart = at + 1;
    }
    this.#counted = offset;
    this.#column = offset - this.#lineStart + 1;
    this.#elements += 1;
    this.#attributes = null;
    this.#attributeCount = 0;
    if (this.#elements > this.#limits.maximumElements) this.#fail(`the document has more than ${this.#limits.maximumElements} elements`);
    if (this.#open.length >= this.#limits.maximumDepth) this.#fail(`elements are nested deeper than ${this.#limits.maximumDepth}`);
  }

  #enter(tag: SaxesTagNS): void {
    this.#open.push({ name: tag.name, namespace: tag.uri, attributes: this.#attributes ?? noAttributes, children: [], line: this.#line, column: this.#column });
  }

  #append(content: string): void {
    const children = this.#open.at(-1)?.children;
    if (!children) return; // white space around the root
    const last = children.at(-1);
    if (typeof last === 'string') children[children.length - 1] = last + content;
    else if (content !== '') children.push(content);
  }

  #leave(): void {
    const open = this.#open.pop();
    if (!open) return;
    const children = withoutIndentation(open.children);
    const element: XmlElement = children === open.children ? open : { ...open, children };
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
  }
}

/** White space between elements is layout; beside other text it is content. */
function withoutIndentation(children: readonly XmlNode[]): readonly XmlNode[] {
  let strings = 0;
  for (const child of children) {
    if (typeof child !== 'string') continue;
    if (child.trim() !== '') return children;
    strings += 1;
  }
  return strings === 0 || strings === children.length ? children : children.filter((child) => typeof child !== 'string');
}
