/** A cookie as text, its elements in libvirt's order. */
import { formatXml } from '../../xml/format-xml.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { type XmlElement, createElement } from '../../xml/xml-element.ts';
import { statisticsElement } from './cookie-statistics.ts';
import { type CookieBitmaps, type CookieGraphics, type CookieInterface, type CookieNbd, type MigrationCookie, cookieFeatures } from './migration-cookie.ts';

export function formatCookie(cookie: MigrationCookie): string {
  const { graphics, lockState, persistentXml, network, nbd, statistics, cpuXml, capabilities, blockDirtyBitmaps } = cookie;
  const children: (XmlElement | null)[] = [
    createElement('name', {}, [cookie.name]),
    createElement('uuid', {}, [cookie.uuid]),
    createElement('hostname', {}, [cookie.hostName]),
    createElement('hostuuid', {}, [cookie.hostUuid]),
    ...cookieFeatures.filter((feature) => cookie.features.includes(feature)).map((name) => createElement('feature', { name })),
    graphics && graphicsElement(graphics),
    lockState && createElement('lockstate', { driver: lockState.driver }, [createElement('leases', {}, lockState.leases === null ? [] : [lockState.leases])]),
    persistentXml === null ? null : parseXml(persistentXml),
    network && createElement('network', {}, network.map(interfaceElement)),
    nbd && nbdElement(nbd),
    statistics && statisticsElement(statistics),
    cpuXml === null ? null : parseXml(cpuXml),
    capabilities && createElement('capabilities', {}, capabilities.map(({ name, automatic }) => createElement('cap', { name, auto: automatic ? 'yes' : 'no' }))),
    blockDirtyBitmaps && createElement('blockDirtyBitmaps', {}, blockDirtyBitmaps.map(bitmapsElement)),
  ];
  return formatXml(createElement('qemu-migration', {}, children.filter((child) => child !== null)));
}

function graphicsElement({ type, port, listen, tlsPort, tlsSubject }: CookieGraphics): XmlElement {
  const certificate = tlsSubject === null ? [] : [createElement('cert', { info: 'subject', value: tlsSubject })];
  return createElement('graphics', { type, port: String(port), listen, ...(tlsPort === null ? {} : { tlsPort: String(tlsPort) }) }, certificate);
}

function interfaceElement({ index, vportType, portData }: CookieInterface): XmlElement {
  return createElement('interface', { index: String(index), vporttype: vportType }, portData === null ? [] : [createElement('portdata', {}, [portData])]);
}

function nbdElement({ port, disks }: CookieNbd): XmlElement {
  return createElement('nbd', port === null ? {} : { port: String(port) }, disks.map(({ target, capacityBytes }) => createElement('disk', { target, capacity: String(capacityBytes) })));
}

function bitmapsElement({ target, bitmaps }: CookieBitmaps): XmlElement {
  return createElement('disk', { target }, bitmaps.map(({ name, alias }) => createElement('bitmap', { name, alias })));
}
