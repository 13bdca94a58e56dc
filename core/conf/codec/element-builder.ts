/** Collects one element while it is written; the order of the calls is the order in the document. */
import type { XmlElement, XmlNode } from '../../xml/xml-element.ts';
import type { DefinitionForm } from './element-cursor.ts';
import type { KeptNodes } from './kept-nodes.ts';

export interface WriteContext {
  readonly form: DefinitionForm;
  /** Whether passwords are written. */
  readonly secure: boolean;
}

export class ElementBuilder {
  readonly name: string;
  readonly context: WriteContext;
  readonly #attributes = new Map<string, string>();
  readonly #children: (ElementBuilder | XmlNode)[] = [];
  readonly #single = new Map<string, ElementBuilder>();

  constructor(name: string, context: WriteContext) {
    this.name = name;
    this.context = context;
  }

  attribute(name: string, value: string): void {
    this.#attributes.set(name, value);
  }

  text(value: string): void {
    if (value !== '') this.#children.push(value);
  }

  /** The one child of that name: several fields may share it. */
  child(name: string): ElementBuilder {
    const known = this.#single.get(name);
    if (known) return known;
    const builder = this.append(name);
    this.#single.set(name, builder);
    return builder;
  }

  /** A further child, as in a list. */
  append(name: string): ElementBuilder {
    const builder = new ElementBuilder(name, this.context);
    this.#children.push(builder);
    return builder;
  }

  verbatim(element: XmlElement): void {
    this.#children.push(element);
  }

  /** Puts what was not understood behind what was. */
  keep(kept: KeptNodes | undefined): void {
    if (!kept) return;
    for (const [name, value] of kept.attributes) if (!this.#attributes.has(name)) this.#attributes.set(name, value);
    this.text(kept.text);
    for (const [name, inner] of kept.within) this.child(name).keep(inner);
    for (const first of kept.firsts ?? []) if (!this.#single.has(first.name)) this.#children.push(first);
    this.#children.push(...kept.elements);
  }

  build(): XmlElement {
    const children = this.#children.map((child) => (child instanceof ElementBuilder ? child.build() : child));
    return { name: this.name, namespace: '', attributes: this.#attributes, children, line: 0, column: 0 };
  }
}
