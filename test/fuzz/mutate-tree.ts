/** Changes a document that stays well-formed: elements and values where nobody expects them. */
import { formatXml } from '../../core/xml/format-xml.ts';
import { parseXml } from '../../core/xml/parse-xml.ts';
import { childElements, createElement, type XmlElement, type XmlNode } from '../../core/xml/xml-element.ts';
import type { Random } from './random.ts';

const values = [
  '', ' ', '0', '1', '-1', '2', '7', '255', '256', '65535', '65536', '4294967295', '4294967296', '18446744073709551615', '18446744073709551616', '0x0', '0xff', '0x100', '1.5', '1e9', 'NaN', 'yes', 'no', 'on', 'off', 'auto', 'none', 'default',
  'pci', 'drive', 'usb', 'virtio', 'virtio-transitional', 'file', 'block', 'network', 'unix', 'tcp', 'spicevmc', 'a,b=c', "a'b\"c", 'a\nb', 'a\tb', '../../x', '/', '/dev/null', 'ü'.repeat(40), 'x'.repeat(4096), '\u{1f4be}', '__proto__', 'constructor', 'toString', '52:54:00:00:00:01', '11111111-2222-4333-8444-555555555555',
];
const names = ['name', 'type', 'model', 'index', 'address', 'target', 'source', 'driver', 'alias', 'boot', 'disk', 'controller', 'memory', 'numa', 'cell', 'feature', 'backingStore', 'qemu:commandline', '__proto__', 'constructor', 'toString'];

/** Null where the document does not parse to begin with. */
export function mutateTree(text: string, other: string, random: Random): string | null {
  try {
    const root = parseXml(text);
    const all = elementsIn(root);
    const chosen = random.pick(all);
    const donor = random.pick(elementsIn(parseXml(other)));
    return formatXml(replaceIn(root, chosen, change(chosen, donor, random)) ?? root);
  } catch {
    return null;
  }
}

function elementsIn(element: XmlElement): readonly XmlElement[] {
  return [element, ...childElements(element).flatMap(elementsIn)];
}

/** The element with what takes its place; null takes it out. */
function replaceIn(element: XmlElement, chosen: XmlElement, changed: readonly XmlElement[]): XmlElement | null {
  if (element === chosen) return changed[0] ?? null;
  const children = element.children.flatMap((child): readonly XmlNode[] => {
    if (typeof child === 'string') return [child];
    if (child === chosen) return changed;
    const kept = replaceIn(child, chosen, changed);
    return kept ? [kept] : [];
  });
  return { ...element, children };
}

function change(element: XmlElement, donor: XmlElement, random: Random): readonly XmlElement[] {
  const attributes = [...element.attributes];
  switch (random.below(9)) {
    case 0:
      return [];
    case 1:
      return Array.from({ length: random.next() < 0.9 ? 2 : 50 }, () => element);
    case 2:
      return [donor];
    case 3:
      return [{ ...element, children: [...element.children.filter((child) => typeof child !== 'string'), donor] }];
    case 4:
      return [{ ...element, name: random.pick(names) }];
    case 5:
      return [{ ...element, children: [random.pick(values)] }];
    case 6:
      return [{ ...element, attributes: new Map([...attributes, [random.pick(names).replace(':', '-'), random.pick(values)]]) }];
    case 7:
      return [{ ...element, children: [nested(element, 1 + random.below(80))] }];
    default: {
      if (attributes.length === 0) return [{ ...element, children: [] }];
      const [name] = random.pick(attributes);
      const without = attributes.filter(([other]) => other !== name);
      return [{ ...element, attributes: new Map(random.next() < 0.3 ? without : [...without, [name, random.pick(values)]]) }];
    }
  }
}

function nested(element: XmlElement, depth: number): XmlElement {
  return depth === 0 ? element : createElement(element.name, {}, [nested(element, depth - 1)]);
}
