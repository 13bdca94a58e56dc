/**
 * What an image says beside the definition (libvirt's `<cookie>`, 11.3): the CPU that the guest really had. A definition that
 * says "this host's CPU" would otherwise mean another one on another day.
 */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import { formatXml } from '../xml/format-xml.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { type XmlElement, childElements, createElement } from '../xml/xml-element.ts';

/**
 * Of the run that is saved; null where its definition says nothing of the CPU. A run names the features that it lacks;
 * libvirt takes `check='full'` for a list of all that it has, and would refuse a guest that has more.
 */
export function saveCookie(live: DomainDefinition): string | null {
  const cpu = cpuOf(parseXml(formatDomain(live, { form: 'live', secure: false })));
  return cpu === null ? null : formatXml(createElement('cookie', {}, [withCheck(cpu, 'none')]));
}

/** The definition of an image, with the CPU of the cookie in the place of one that says "this host's": no guest goes on with less. */
export function withCookieCpu(xml: string, cookie: string | null, source: string): string {
  const domain = parseXml(xml, { source });
  const written = cpuOf(domain);
  if (cookie === null || written?.attributes.get('mode') !== 'host-model') return xml;
  const exact = cpuOf(parseXml(cookie, { source: `the cookie in ${source}` }));
  if (exact === null) return xml;
  return formatXml({ ...domain, children: domain.children.map((child) => (child === written ? withCheck(exact, 'full') : child)) });
}

function withCheck(cpu: XmlElement, check: 'none' | 'full'): XmlElement {
  return cpu.attributes.has('check') ? { ...cpu, attributes: new Map([...cpu.attributes, ['check', check]]) } : cpu;
}

function cpuOf(parent: XmlElement): XmlElement | null {
  return childElements(parent).find(({ name }) => name === 'cpu') ?? null;
}
