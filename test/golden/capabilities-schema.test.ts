/** The capabilities documents against libvirt's own schemas, where its packages are installed (written for those of 9.0 and later). */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checkSchema, findSchema } from '../../conformance/schema-check.ts';
import { formatXml } from '../../core/xml/format-xml.ts';
import { parseXml } from '../../core/xml/parse-xml.ts';
import type { XmlElement, XmlNode } from '../../core/xml/xml-element.ts';
import { goldenFolder } from './golden-launch.ts';

/** What came to the documents after libvirt 9.0, whose schema cannot know it. */
const laterElements = new Set(['crypto', 'interface', 'panic', 'console', 'ps2', 'async-teardown', 's390-pv', 'tdx', 'hyperv', 'launchSecurity', 'maxphysaddr']);
const laterAttributes = new Set(['clusters', 'cluster_id', 'deprecated']);
/** libvirt's CPU map has features with a dot in their name, and its schema of host capabilities allows none. */
const isDotted = (element: XmlElement): boolean => element.name === 'feature' && (element.attributes.get('name')?.includes('.') ?? false);

function asOf90(element: XmlElement): XmlElement {
  const children = element.children.flatMap((child): readonly XmlNode[] => {
    if (typeof child === 'string') return [child];
    return laterElements.has(child.name) || isDotted(child) ? [] : [asOf90(child)];
  });
  return { ...element, attributes: new Map([...element.attributes].filter(([name]) => !laterAttributes.has(name))), children };
}

test.each([
  ['capability.rng', ['host.xml']],
  ['domaincaps.rng', ['domain-q35.xml', 'domain-pc.xml', 'domain-microvm.xml']],
])('what is said of capabilities follows %s', async (name, files) => {
  const schema = await findSchema(null, name);
  if (schema === null) return;
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    const documents = new Map<string, string>();
    for (const file of files) documents.set(file, formatXml(asOf90(parseXml(await readFile(`${goldenFolder}capabilities/${file}`, 'utf8')))));
    const checked = await checkSchema(documents, schema, folder);
    if (checked) expect(Object.fromEntries(checked)).toEqual(Object.fromEntries(files.map((file) => [file, null])));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
