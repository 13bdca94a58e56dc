import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VireoError } from '../base/errors.ts';
import { formatXml } from './format-xml.ts';
import { parseXml } from './parse-xml.ts';
import { childElements, createElement, type XmlElement } from './xml-element.ts';

function failure(text: string): VireoError {
  try {
    parseXml(text);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseXml', () => {
  test('knows the line and column of every element', () => {
    const root = parseXml("<domain>\n  <name\n   x='1'>a</name>\r\n  <b/><c/>\n</domain>");
    expect(childElements(root).map(({ name, line, column }) => [name, line, column])).toEqual([['name', 2, 3], ['b', 4, 3], ['c', 4, 7]]);
  });

  test('drops layout and keeps the white space of mixed content', () => {
    const root = parseXml('<a>\n <b> </b>\n <c>x <d/> y</c>\n</a>');
    expect(formatXml(root)).toBe('<a>\n  <b> </b>\n  <c>x <d/> y</c>\n</a>\n');
  });

  test('names the source and the line of malformed XML', () => {
    const error = failure('<domain>\n<name>x</nam>\n</domain>');
    expect(error.message).toMatch(/^XML error: \(domain_definition\):2: /);
    expect(error.details).toMatchObject({ line: 2, source: '(domain_definition)' });
  });

  test.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', /document type/],
    ['an entity of its own', '<a>&b;</a>', /entity/],
    ['endless nesting', '<a>'.repeat(5000), /nested deeper than 64/],
    ['too many elements', `<a>${'<b/>'.repeat(30_000)}</a>`, /more than 20000 elements/],
    ['too many attributes', `<a ${Array.from({ length: 100 }, (_, i) => `a${i}=''`).join(' ')}/>`, /more than 64 attributes/],
    ['too large a text', `<a>${'x'.repeat(1024 * 1024)}</a>`, /more than 1048576/],
    ['an unbound prefix', '<a><b:c/></a>', /unbound namespace prefix/],
    ['half a character', '<a>\ud83d</a>', /half of a surrogate pair/],
    ['nothing', '', /document/],
    ['an open end', '<a>', /unclosed tag/],
  ])('refuses %s', (_, text, reason) => {
    const error = failure(text);
    expect(error.code).toBe('XML_ERROR');
    expect(error.message).toMatch(reason);
  });

  test('keeps prefixes and namespace declarations as written', () => {
    const text = "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n  <qemu:commandline/>\n</domain>\n";
    const root = parseXml(text);
    expect(childElements(root)[0]).toMatchObject({ name: 'qemu:commandline', namespace: 'http://libvirt.org/schemas/domain/qemu/1.0' });
    expect(formatXml(root)).toBe(text);
  });
});

const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,6}$/).filter((text) => !text.startsWith('xml'));
const value = fc.string({ unit: 'binary' }).map((text) => text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, ''));
const tree = fc.letrec<{ element: XmlElement }>((tie) => ({
  element: fc
    .record({
      name,
      attributes: fc.dictionary(name, value, { maxKeys: 4 }),
      children: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant([]), value.filter((text) => text !== '').map((text) => [text]), fc.array(tie('element'), { minLength: 1, maxLength: 4 })),
    })
    .map((record) => createElement(record.name, record.attributes, record.children)),
})).element;

function withoutPositions(element: XmlElement): unknown {
  return [element.name, [...element.attributes], element.children.map((child) => (typeof child === 'string' ? child : withoutPositions(child)))];
}

test('what is formatted parses to the same tree', () => {
  fc.assert(fc.property(tree, (element) => {
    expect(withoutPositions(parseXml(formatXml(element)))).toEqual(withoutPositions(element));
  }));
});
