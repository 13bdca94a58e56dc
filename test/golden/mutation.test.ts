/**
 * Mutated definitions: whatever a document holds, defining and rendering it ends in a value or in a typed error with a
 * reason, never in a bug of ours and never late.
 */
import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import { parseDomain } from '../../core/devices/domain-xml.ts';
import { formatXml } from '../../core/xml/format-xml.ts';
import { parseXml } from '../../core/xml/parse-xml.ts';
import type { XmlElement, XmlNode } from '../../core/xml/xml-element.ts';
import { complete, goldenFolder, goldenLaunch, recordedCapabilities } from './golden-launch.ts';
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts';

const capabilities = await recordedCapabilities();
const files = (await readdir(`${goldenFolder}cases`)).filter((file) => file.endsWith('.xml'));
const all = await Promise.all(files.map((file) => readFile(`${goldenFolder}cases/${file}`, 'utf8')));
const texts = all.filter((text) => (parseDomain(text).os.type.arch ?? 'x86_64') === capabilities.arch);
const trees = texts.map((text) => parseXml(text));

function define(xml: string): 'rendered' | 'refused' {
  const launch = goldenLaunch(capabilities);
  try {
    return buildCommandLine(liveDefinition(complete(xml, capabilities), launch), launch).argv.length > 0 ? 'rendered' : 'refused';
  } catch (error) {
    if (!(error instanceof VireoError)) throw error;
    expect(['XML_ERROR', 'CONFIG_UNSUPPORTED'], `${error.message}\n${xml}`).toContain(error.code);
    return 'refused';
  }
}

/** Values that are right somewhere: put elsewhere they are the most misleading ones. */
const values = [...new Set(trees.flatMap(attributeValues)), '', '0', '1', '31', '255', '-1', '4294967296', '0x1f', 'none', 'virtio', 'a,b=c', '\u{1f600}'];

function attributeValues(element: XmlElement): readonly string[] {
  return [...element.attributes.values(), ...element.children.flatMap((child) => (typeof child === 'string' ? [] : attributeValues(child)))];
}

/** Walks the tree and applies one mutation at each place that the numbers pick. */
function mutate(element: XmlElement, pick: () => number): XmlElement {
  const attributes = new Map([...element.attributes].flatMap(([name, value]): [string, string][] => {
    const chance = pick() % 40;
    if (chance === 0) return [];
    return [[name, chance === 1 ? (values[pick() % values.length] ?? '') : value]];
  }));
  const children = element.children.flatMap((child): readonly XmlNode[] => {
    if (typeof child === 'string') return pick() % 40 === 0 ? [values[pick() % values.length] ?? ''] : [child];
    const mutated = mutate(child, pick);
    const chance = pick() % 30;
    if (chance === 0) return [];
    return chance === 1 ? [mutated, mutate(child, pick)] : [mutated];
  });
  return { ...element, attributes, children };
}

test('a mutated tree is defined or refused with a reason', () => {
  const seen = { rendered: 0, refused: 0 };
  fc.assert(fc.property(fc.constantFrom(...trees), fc.infiniteStream(fc.nat()), (tree, numbers) => {
    seen[define(formatXml(mutate(tree, () => numbers.next().value)))] += 1;
  }), { numRuns: propertyRuns(300) });
  expect(Math.min(seen.rendered, seen.refused)).toBeGreaterThan(0);
}, propertyTimeoutMs(60_000));

test('a mutated text is defined or refused with a reason', () => {
  const edit = fc.record({ at: fc.nat(), length: fc.nat({ max: 20 }), put: fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('<', '>', '&', "'", '</devices>', '<!--', '<![CDATA[', '\u0000', '&#0;', '<?x')) });
  fc.assert(fc.property(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 3 }), (text, edits) => {
    let mutated = text;
    for (const { at, length, put } of edits) mutated = mutated.slice(0, at % text.length) + put + mutated.slice((at % text.length) + length);
    define(mutated);
  }), { numRuns: propertyRuns(150) });
}, 60_000);
