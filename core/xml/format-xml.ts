/** Writes a tree the way libvirt prints XML: two spaces a level, single quotes, empty elements closed at once. */
import type { XmlElement, XmlNode } from './xml-element.ts';

/** The document's text, with a line break at the end. */
export function formatXml(root: XmlElement): string {
  const lines: string[] = [];
  appendElement(root, '', lines);
  return `${lines.join('\n')}\n`;
}

function appendElement(element: XmlElement, indentation: string, lines: string[]): void {
  if (element.children.length === 0 || element.children.some((child) => typeof child === 'string')) {
    lines.push(indentation + formatInline(element));
    return;
  }
  lines.push(`${indentation}<${openTag(element)}>`);
  for (const child of element.children) appendElement(child as XmlElement, `${indentation}  `, lines);
  lines.push(`${indentation}</${element.name}>`);
}

/** Beside text, layout would be content: such an element stays on one line. */
function formatInline(node: XmlNode): string {
  if (typeof node === 'string') return escapeXml(node).replaceAll('\r', '&#13;');
  if (node.children.length === 0) return `<${openTag(node)}/>`;
  return `<${openTag(node)}>${node.children.map(formatInline).join('')}</${node.name}>`;
}

function openTag(element: XmlElement): string {
  let tag = element.name;
  for (const [name, value] of element.attributes) tag += ` ${name}='${escapeAttribute(value)}'`;
  return tag;
}

/** A reader turns raw line breaks and tabs of an attribute into spaces: they are written as references. */
function escapeAttribute(value: string): string {
  if (!needsEscape.test(value)) return value;
  return escapeXml(value).replaceAll('\t', '&#9;').replaceAll('\n', '&#10;').replaceAll('\r', '&#13;');
}

/** Most values are plain: one look is cheaper than seven searches. */
// oxlint-disable-next-line no-control-regex -- what is outside of the range is what is looked for
const needsEscape = /[^\x20\x21\x23-\x25\x28-\x3b\x3d\x3f-\x7e]/;

/** Like libvirt, escapes all five and drops what XML 1.0 cannot hold. */
function escapeXml(value: string): string {
  if (!needsEscape.test(value)) return value;
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '');
}
