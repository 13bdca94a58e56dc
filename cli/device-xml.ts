/** Devices as a domain's XML describes them, for commands that only list what stands there. */
import { parseXml } from '../core/xml/parse-xml.ts';
import { type XmlElement, childElements } from '../core/xml/xml-element.ts';
import type { CommandContext } from './command.ts';
import { lookUp } from './domain-call.ts';

/** @param options.inactive what the next boot has; else what runs, where it does. */
export async function describedDevices(context: CommandContext, reference: string, kind: string, options: { readonly inactive: boolean }): Promise<readonly XmlElement[]> {
  const { interrupted } = context;
  const host = await context.client();
  const { uuid, name } = await lookUp(host, reference, interrupted);
  const { xml } = await host.call('domainGetXMLDesc', { domain: uuid, ...options }, { signal: interrupted });
  const [devices] = childrenNamed(parseXml(xml, { source: `the XML of ${name}` }), 'devices');
  return devices ? childrenNamed(devices, kind) : [];
}

export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return childElements(element).filter((child) => child.name === name);
}
