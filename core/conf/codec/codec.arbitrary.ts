/** Makes up values that a codec can write. Only tests import this, so that the generator stays out of the product. */
import fc from 'fast-check';
import type { AnyCodec, Codec } from './codec.ts';
import type { ScalarShape } from './scalar.ts';

export function arbitraryOf<T>(codec: Codec<T>): fc.Arbitrary<T> {
  return shaped(codec) as fc.Arbitrary<T>;
}

/** Parts that stand in many places are made once: a text alone costs milliseconds. */
const made = new WeakMap<object, fc.Arbitrary<unknown>>();

function once(part: object, make: () => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const known = made.get(part) ?? make();
  made.set(part, known);
  return known;
}

function shaped(codec: AnyCodec): fc.Arbitrary<unknown> {
  return once(codec, () => make(codec));
}

function make({ shape }: AnyCodec): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'scalar':
      return once(shape.scalar.shape, () => scalar(shape.scalar.shape));
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, shaped(field)])));
    case 'union':
      return fc.oneof(
        ...Object.entries(shape.variants).map(([name, variant]) =>
          shaped(variant).map((value) => ({ [shape.tag]: name, ...(value as object) })),
        ),
      );
    case 'optional':
      return fc.option(shaped(shape.of), { nil: null });
    case 'list':
      return fc.array(shaped(shape.of), { maxLength: 3 });
    case 'same':
      return shaped(shape.of);
    case 'mapped':
      return shaped(shape.of).map(shape.decode as (value: unknown) => unknown);
    case 'constant':
      return fc.constant(shape.value);
  }
}

function scalar(shape: ScalarShape<unknown>): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'text':
      return fc.string({ unit: 'grapheme', minLength: shape.minimumLength, maxLength: 12 }).map((text) => atLeast(shape.minimumLength, visible(text)));
    case 'values':
      return fc.constantFrom(...shape.values);
    case 'integer':
      return fc.integer({ min: shape.minimum, max: Math.min(shape.maximum, 0x7fff_ffff) });
    case 'wide integer':
      return fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
    case 'pattern':
      return fc.stringMatching(shape.pattern);
  }
}

/** An element that holds only white space has no text: a text that must be there is more than that. */
function atLeast(minimumLength: number, text: string): string {
  return minimumLength > 0 && text.trim() === '' ? 'x'.repeat(minimumLength) : text.padEnd(minimumLength, 'x');
}

/** What XML 1.0 can hold. */
function visible(text: string): string {
  return text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '');
}
