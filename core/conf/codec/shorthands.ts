/** Shapes that come back all over libvirt's documents, made of the codecs in codec.ts. */
import type { XmlElement } from '../../xml/xml-element.ts';
import { type AnyCodec, attribute, child, children, type Codec, type Infer, mapped, object, optional, readKeeping, withDefault, writeKeeping } from './codec.ts';
import { ElementBuilder } from './element-builder.ts';
import { ElementCursor } from './element-cursor.ts';
import type { Keeping } from './kept-nodes.ts';
import { onOff, type Scalar } from './scalar.ts';

/** `<name state='on'/>`; without the attribute it is on. Null where the element is absent. */
export function switchChild(name: string): Codec<boolean | null> {
  return optional(child(name, withDefault(attribute('state', onOff), true)));
}

/** `<name attribute='...'/>`: an element for the sake of one attribute. */
export function attributeChild<T>(name: string, attributeName: string, scalar: Scalar<T>): Codec<T | null> {
  return optional(child(name, attribute(attributeName, scalar)));
}

/** `<name><item/><item/></name>`; without items the outer element says nothing and is not written. */
export function listWithin<T extends object>(name: string, item: string, codec: Codec<T>): Codec<readonly (T & Keeping)[]> {
  const inner = child(name, children(item, codec));
  return {
    ...inner,
    read: (cursor) => (inner.present(cursor) ? inner.read(cursor) : []),
    write(items, builder) {
      if (items.length > 0) inner.write(items, builder);
    },
  };
}

/** Null where the element is absent or holds nothing; an element that says nothing is not written, as in libvirt. */
export function unlessEmpty<T extends object>(codec: Codec<T>): Codec<T | null> {
  const orNull = (value: T | null): T | null => (value === null || writesNothing(codec, value) ? null : value);
  return mapped(optional(codec), orNull, orNull);
}

/** Asked of the codec: `false` is written as 'off' by one field and as absence by another. */
function writesNothing<T>(codec: Codec<T>, value: T): boolean {
  const builder = new ElementBuilder('scratch', { form: 'live', secure: true });
  codec.write(value, builder);
  const { attributes, children } = builder.build();
  return attributes.size === 0 && children.every((node) => typeof node !== 'string' && isEmpty(node));
}

function isEmpty({ attributes, children }: XmlElement): boolean {
  return attributes.size === 0 && children.length === 0;
}

/** The value of an element in which nothing is written. */
export function readEmpty<T>(codec: Codec<T>): T {
  const element: XmlElement = { name: 'empty', namespace: '', attributes: new Map(), children: [], line: 0, column: 0 };
  return codec.read(new ElementCursor(element, { source: 'empty', form: 'inactive' }));
}

type Variants = Readonly<Record<string, AnyCodec>>;
type NamedItem<Tag extends string, V extends Variants> = { [K in keyof V & string]: { readonly [P in Tag]: K } & Infer<V[K]> & Keeping }[keyof V & string];

/** A list of children with different names, in their order; the name becomes the property `tag`. */
export function childrenByName<const Tag extends string, const V extends Variants>(tag: Tag, variants: V): Codec<readonly NamedItem<Tag, V>[]> {
  const codecOf = (name: string): Codec<object> => variants[name] as unknown as Codec<object>;
  return {
    read: (cursor) =>
      cursor
        .takeChildren((name) => Object.hasOwn(variants, name))
        .map((item) => ({ [tag]: item.element.name, ...readKeeping(codecOf(item.element.name), item) }) as unknown as NamedItem<Tag, V>),
    write(items, builder) {
      for (const item of items) {
        const name = (item as Record<string, unknown>)[tag] as string;
        writeKeeping(codecOf(name), item, builder.append(name));
      }
    },
    present: (cursor) => Object.keys(variants).some((name) => cursor.hasChild(name)),
    shape: { type: 'list', of: { read: () => null, write: () => {}, present: () => false, shape: { type: 'union', tag, variants } } },
  };
}

/** One field a name, each made the same way. */
export function fieldsFor<const N extends string, C>(names: readonly N[], make: (name: N) => C): { readonly [K in N]: C } {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as { readonly [K in N]: C };
}

/** Several codecs of one object, for the emptiness rule: `unlessEmpty(child(name, object(fields)))`. */
export function section<const F extends Variants>(name: string, fields: F): Codec<Infer<ReturnType<typeof object<F>>> | null> {
  return unlessEmpty(child(name, object(fields)) as Codec<Infer<ReturnType<typeof object<F>>> & object>);
}
