/**
 * Codecs: one declaration of an XML element gives its reader, its writer and (through `shape`) the generator of the
 * property tests. All parts of one element work on the same cursor and builder, so a group of attributes can be
 * declared once and put into several elements; what no part read is kept (kept-nodes.ts).
 */
import type { XmlElement } from '../../xml/xml-element.ts';
import { ElementBuilder, type WriteContext } from './element-builder.ts';
import { ElementCursor, type ReadContext } from './element-cursor.ts';
import type { Keeping } from './kept-nodes.ts';
import type { Scalar, ScalarShape } from './scalar.ts';

export interface Codec<T> {
  /** Throws XML_ERROR naming element, attribute, line and value. */
  read(cursor: ElementCursor): T;
  write(value: T, builder: ElementBuilder): void;
  /** Whether the element holds anything that this codec would read: how `optional` knows absence. */
  present(cursor: ElementCursor): boolean;
  readonly shape: Shape;
}

/** A codec whose type nobody needs to know: what combinators take. */
export interface AnyCodec {
  read(cursor: ElementCursor): unknown;
  write(value: never, builder: ElementBuilder): void;
  present(cursor: ElementCursor): boolean;
  readonly shape: Shape;
}

export type Infer<C extends AnyCodec> = ReturnType<C['read']>;

/** What a codec is made of, for the generators of codec.arbitrary.ts. */
export type Shape =
  | { readonly type: 'scalar'; readonly scalar: { readonly shape: ScalarShape<unknown> } }
  | { readonly type: 'object'; readonly fields: Readonly<Record<string, AnyCodec>> }
  | { readonly type: 'union'; readonly tag: string; readonly variants: Readonly<Record<string, AnyCodec>> }
  | { readonly type: 'optional' | 'list' | 'same'; readonly of: AnyCodec }
  | { readonly type: 'mapped'; readonly of: AnyCodec; readonly decode: (value: never) => unknown }
  | { readonly type: 'constant'; readonly value: unknown };

type Fields = Readonly<Record<string, AnyCodec>>;
type Simplify<T> = { readonly [K in keyof T]: T[K] };
export type ObjectOf<F extends Fields> = Simplify<{ readonly [K in keyof F]: Infer<F[K]> }>;
type UnionOf<Tag extends string, V extends Fields> = {
  [K in keyof V & string]: Simplify<{ readonly [P in Tag]: K } & Infer<V[K]>>;
}[keyof V & string];

/** A required attribute. */
export function attribute<T>(name: string, scalar: Scalar<T>): Codec<T> {
  return {
    read(cursor) {
      const content = cursor.attribute(name) ?? cursor.failMissing('attribute', name);
      return scalar.parse(content) ?? cursor.failValue(name, content, scalar.allowed);
    },
    write: (value, builder) => builder.attribute(name, scalar.format(value)),
    present: (cursor) => cursor.hasAttribute(name),
    shape: { type: 'scalar', scalar },
  };
}

/** The element's own text. */
export function text<T>(scalar: Scalar<T>): Codec<T> {
  return {
    read(cursor) {
      const content = cursor.text();
      return scalar.parse(content) ?? cursor.failValue(null, content, scalar.allowed);
    },
    write: (value, builder) => builder.text(scalar.format(value)),
    present: (cursor) => cursor.hasText(),
    shape: { type: 'scalar', scalar },
  };
}

/** A required child that occurs once. */
export function child<T>(name: string, codec: Codec<T>): Codec<T> {
  return {
    read: (cursor) => codec.read(cursor.child(name) ?? cursor.failMissing('element', name)),
    write: (value, builder) => codec.write(value, builder.child(name)),
    present: (cursor) => cursor.hasChild(name),
    shape: { type: 'same', of: codec },
  };
}

/** `<name>text</name>` */
export function childText<T>(name: string, scalar: Scalar<T>): Codec<T> {
  return child(name, text(scalar));
}

/** Whether an empty child such as `<pae/>` is there. */
export function childFlag(name: string): Codec<boolean> {
  return {
    read: (cursor) => cursor.child(name) !== null,
    write(value, builder) {
      if (value) builder.child(name);
    },
    present: (cursor) => cursor.hasChild(name),
    shape: { type: 'scalar', scalar: flagScalar },
  };
}

const flagScalar: { readonly shape: ScalarShape<boolean> } = { shape: { type: 'values', values: [true, false] } };

/** Every child of that name, in order; each item keeps its own unknown nodes. */
export function children<T extends object>(name: string, codec: Codec<T>): Codec<readonly (T & Keeping)[]> {
  return {
    read: (cursor) => cursor.takeNamed(name).map((item) => readKeeping(codec, item)),
    write(items, builder) {
      for (const item of items) writeKeeping(codec, item, builder.append(name));
    },
    present: (cursor) => cursor.hasChild(name),
    shape: { type: 'list', of: codec },
  };
}

/** Null where nothing of it is there. */
export function optional<T>(codec: Codec<T>): Codec<T | null> {
  return {
    read: (cursor) => (codec.present(cursor) ? codec.read(cursor) : null),
    write(value, builder) {
      if (value !== null) codec.write(value, builder);
    },
    present: (cursor) => codec.present(cursor),
    shape: { type: 'optional', of: codec },
  };
}

/** Absence means `value`, which is always written. */
export function withDefault<T>(codec: Codec<T>, value: T): Codec<T> {
  return {
    read: (cursor) => (codec.present(cursor) ? codec.read(cursor) : value),
    write: (given, builder) => codec.write(given, builder),
    present: (cursor) => codec.present(cursor),
    shape: { type: 'same', of: codec },
  };
}

/** Absence means `value`, and `value` is written as absence: for elements that say nothing when they are empty. */
export function unlessDefault<T extends object>(codec: Codec<T>, value: T): Codec<T> {
  const parts = Object.entries(value);
  const isDefault = (given: T): boolean => parts.every(([name, part]) => Object.is((given as Record<string, unknown>)[name], part));
  return {
    ...withDefault(codec, value),
    write(given, builder) {
      if (!isDefault(given)) codec.write(given, builder);
    },
  };
}

/** Output only: written for a run, read back from a status file, ignored in a definition that somebody hands in. */
export function liveOnly<T>(codec: Codec<T | null>): Codec<T | null> {
  return {
    read(cursor) {
      const value = codec.read(cursor);
      return cursor.context.form === 'live' ? value : null;
    },
    write(value, builder) {
      if (builder.context.form === 'live') codec.write(value, builder);
    },
    present: (cursor) => codec.present(cursor),
    shape: { type: 'same', of: codec },
  };
}

/** Written only for those who may see passwords. */
export function secret<T>(codec: Codec<T | null>): Codec<T | null> {
  return {
    ...codec,
    write(value, builder) {
      if (builder.context.secure) codec.write(value, builder);
    },
  };
}

/** Several parts of the same element. */
export function object<const F extends Fields>(fields: F): Codec<ObjectOf<F>> {
  const names = Object.keys(fields);
  const codecs = Object.values(fields) as unknown as Codec<unknown>[];
  return {
    read(cursor) {
      const value: Record<string, unknown> = {};
      for (let index = 0; index < names.length; index++) value[names[index]!] = codecs[index]!.read(cursor);
      return value as ObjectOf<F>;
    },
    write(value, builder) {
      for (let index = 0; index < names.length; index++) codecs[index]!.write((value as Record<string, unknown>)[names[index]!], builder);
    },
    present: (cursor) => codecs.some((codec) => codec.present(cursor)),
    shape: { type: 'object', fields },
  };
}

/**
 * An attribute decides what the rest of the same element means; it becomes the property of the same name. Where the
 * attribute is absent, `fallback` is meant.
 */
export function union<const Tag extends string, const V extends Fields>(tag: Tag, variants: V, fallback?: keyof V & string): Codec<UnionOf<Tag, V>> {
  const byTag = new Map(Object.entries(variants) as [string, Codec<object>][]);
  return {
    read(cursor) {
      const value = cursor.attribute(tag) ?? fallback ?? cursor.failMissing('attribute', tag);
      const codec = byTag.get(value) ?? cursor.failValue(tag, value, [...byTag.keys()].join(', '));
      return { [tag]: value, ...codec.read(cursor) } as UnionOf<Tag, V>;
    },
    write(value, builder) {
      const chosen = (value as Record<string, string>)[tag] ?? '';
      builder.attribute(tag, chosen);
      byTag.get(chosen)?.write(value as object, builder);
    },
    present: (cursor) => cursor.hasAttribute(tag),
    shape: { type: 'union', tag, variants },
  };
}

/** The same XML, seen as another type. `decode` must not throw; what it cannot take belongs into a validation. */
export function mapped<A, B>(codec: Codec<A>, decode: (value: A) => B, encode: (value: B) => A): Codec<B> {
  return {
    read: (cursor) => decode(codec.read(cursor)),
    write: (value, builder) => codec.write(encode(value), builder),
    present: (cursor) => codec.present(cursor),
    shape: { type: 'mapped', of: codec, decode: decode as (value: never) => unknown },
  };
}

/** What a value of this type has and the element never says, such as the address of a device that has none. */
export function absent<T>(): Codec<T | null> {
  return { read: () => null, write: () => undefined, present: () => false, shape: { type: 'constant', value: null } };
}

/** A child that is nobody's business but its author's, such as `<metadata>`. */
export function verbatimChild(name: string): Codec<XmlElement | null> {
  return {
    read: (cursor) => cursor.takeChildren((candidate) => candidate === name)[0]?.element ?? null,
    write(value, builder) {
      if (value) builder.verbatim(value);
    },
    present: (cursor) => cursor.hasChild(name),
    shape: { type: 'constant', value: null },
  };
}

export function readKeeping<T extends object>(codec: Codec<T>, cursor: ElementCursor): T & Keeping {
  const value = codec.read(cursor);
  const unknown = cursor.leftovers();
  return unknown ? { ...value, unknown } : value;
}

export function writeKeeping<T extends object>(codec: Codec<T>, value: T & Keeping, builder: ElementBuilder): void {
  codec.write(value, builder);
  builder.keep(value.unknown);
}

/** Reads a whole element; throws XML_ERROR. */
export function parseElement<T extends object>(codec: Codec<T>, element: XmlElement, context: ReadContext): T & Keeping {
  return readKeeping(codec, new ElementCursor(element, context));
}

export function formatElement<T extends object>(codec: Codec<T>, name: string, value: T & Keeping, context: WriteContext): XmlElement {
  const builder = new ElementBuilder(name, context);
  writeKeeping(codec, value, builder);
  return builder.build();
}
