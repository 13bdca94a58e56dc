/**
 * A cookie read back. It comes from another computer, so nothing in it is believed before it was looked at: what is
 * missing or does not fit is an error that names the element, and a mandatory feature that the reader does not heed ends
 * the migration before anything is done.
 */
import { VireoError } from '../../base/errors.ts';
import { formatXml } from '../../xml/format-xml.ts';
import { parseXml, xmlLimits } from '../../xml/parse-xml.ts';
import { type XmlElement, childElements, textOf } from '../../xml/xml-element.ts';
import { readStatistics } from './cookie-statistics.ts';
import { type CookieBitmaps, type CookieCapability, type CookieFeature, type CookieGraphics, type CookieInterface, type CookieNbd, type MigrationCookie, cookieFeatures } from './migration-cookie.ts';

export interface ExpectedCookie {
  /** The name of the domain on the source. */
  readonly name: string;
  readonly uuid: string;
  /** Of the host that reads: a guest does not move to where it is. */
  readonly hostUuid: string;
  /** What the reader heeds, in this phase. */
  readonly heeds: readonly CookieFeature[];
}

/** A definition and all the rest; as much as the door lets through. */
const limits = { ...xmlLimits, maximumCharacters: 4 << 20 };
const source = '(qemu_migration_cookie)';
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @returns null for '', which is no cookie. @throws INTERNAL_ERROR, as in libvirt; XML_ERROR for what is no XML. */
export function parseCookie(text: string, expected: ExpectedCookie): MigrationCookie | null {
  if (text === '') return null;
  const root = parseXml(text, { source, limits });
  if (root.name !== 'qemu-migration') throw malformed(`unexpected root element <${root.name}> in migration data`);
  const name = required(root, 'name');
  if (name !== expected.name) throw malformed(`Incoming cookie data had unexpected name ${name} vs ${expected.name}`);
  const uuid = required(root, 'uuid');
  if (uuid.toLowerCase() !== expected.uuid.toLowerCase()) throw malformed(`Incoming cookie data had unexpected UUID ${uuid} vs ${expected.uuid}`);
  const hostName = required(root, 'hostname');
  const hostUuid = required(root, 'hostuuid');
  if (!uuidForm.test(hostUuid)) throw malformed('malformed hostuuid element in migration data');
  if (hostUuid.toLowerCase() === expected.hostUuid.toLowerCase()) throw malformed(`Attempt to migrate guest to the same host ${hostUuid}`);
  const domains = childElements(root).filter((child) => child.name === 'domain');
  if (domains.length > 1) throw malformed('Too many domain elements in migration cookie');
  return {
    name,
    uuid: uuid.toLowerCase(),
    hostName,
    hostUuid: hostUuid.toLowerCase(),
    features: readFeatures(root, expected.heeds),
    graphics: optional(root, 'graphics', readGraphics),
    lockState: optional(root, 'lockstate', readLockState),
    persistentXml: domains[0] ? formatXml(domains[0]) : null,
    network: optional(root, 'network', readNetwork),
    nbd: optional(root, 'nbd', readNbd),
    statistics: optional(root, 'statistics', readStatistics),
    cpuXml: optional(root, 'cpu', formatXml),
    capabilities: optional(root, 'capabilities', readCapabilities),
    blockDirtyBitmaps: optional(root, 'blockDirtyBitmaps', readBitmaps),
  };
}

function malformed(text: string): VireoError {
  return new VireoError('INTERNAL_ERROR', text);
}

function childNamed(element: XmlElement, name: string): XmlElement | null {
  return childElements(element).find((child) => child.name === name) ?? null;
}

function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return childElements(element).filter((child) => child.name === name);
}

function optional<T>(root: XmlElement, name: string, read: (element: XmlElement) => T): T | null {
  const element = childNamed(root, name);
  return element ? read(element) : null;
}

function required(root: XmlElement, name: string): string {
  const element = childNamed(root, name);
  const text = element ? textOf(element).trim() : '';
  if (text === '') throw malformed(`missing ${name} element in migration data`);
  return text;
}

function attribute(element: XmlElement, name: string): string {
  const value = element.attributes.get(name);
  if (value === undefined || value === '') throw malformed(`missing ${name} attribute in migration data (<${element.name}>)`);
  return value;
}

function integer(element: XmlElement, name: string, range: { readonly from: number; readonly to: number }): number {
  const text = attribute(element, name);
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.from && value <= range.to)) throw malformed(`malformed ${name} attribute '${text.slice(0, 40)}' in migration data (<${element.name}>)`);
  return value;
}

function readFeatures(root: XmlElement, heeds: readonly CookieFeature[]): readonly CookieFeature[] {
  return childrenNamed(root, 'feature').map((element) => {
    const name = element.attributes.get('name');
    if (name === undefined) throw malformed('missing feature name');
    const feature = cookieFeatures.find((known) => known === name);
    if (!feature) throw malformed(`Unknown migration cookie feature ${name.slice(0, 80)}`);
    if (!heeds.includes(feature)) throw malformed(`Unsupported migration cookie feature ${feature}`);
    return feature;
  });
}

const graphicsTypes = ['sdl', 'vnc', 'rdp', 'desktop', 'spice', 'egl-headless', 'dbus'];
const port = { from: -1, to: 65_535 };

function readGraphics(element: XmlElement): CookieGraphics {
  const type = attribute(element, 'type');
  if (!graphicsTypes.includes(type)) throw malformed(`unknown graphics type ${type.slice(0, 40)}`);
  const certificate = childrenNamed(element, 'cert').find((each) => each.attributes.get('info') === 'subject');
  return {
    type,
    port: integer(element, 'port', port),
    tlsPort: type === 'spice' ? integer(element, 'tlsPort', port) : null,
    listen: attribute(element, 'listen'),
    tlsSubject: certificate?.attributes.get('value') ?? null,
  };
}

function readLockState(element: XmlElement): { readonly driver: string; readonly leases: string | null } {
  const driver = element.attributes.get('driver');
  if (driver === undefined || driver === '') throw malformed('Missing lock driver name in migration cookie');
  const leases = childNamed(element, 'leases');
  const text = leases ? textOf(leases) : '';
  return { driver, leases: text === '' ? null : text };
}

function readNetwork(element: XmlElement): readonly CookieInterface[] {
  return childrenNamed(element, 'interface').map((each, place) => {
    const portData = childNamed(each, 'portdata');
    const index = each.attributes.has('index') ? integer(each, 'index', { from: 0, to: 65_535 }) : place;
    return { index, vportType: attribute(each, 'vporttype'), portData: portData ? textOf(portData) : null };
  });
}

function readNbd(element: XmlElement): CookieNbd {
  const text = element.attributes.get('port') ?? null;
  if (text !== null && !(/^\d{1,5}$/.test(text) && Number(text) <= 65_535)) throw malformed(`Malformed nbd port '${text.slice(0, 40)}'`);
  const disks = childrenNamed(element, 'disk').map((disk) => {
    const target = disk.attributes.get('target');
    if (target === undefined || target === '') throw malformed('Malformed disk target');
    const capacity = disk.attributes.get('capacity') ?? '';
    if (!/^\d{1,16}$/.test(capacity) || !Number.isSafeInteger(Number(capacity))) throw malformed(`Malformed disk capacity: '${capacity.slice(0, 40)}'`);
    return { target, capacityBytes: Number(capacity) };
  });
  return { port: text === null || text === '0' ? null : Number(text), disks };
}

/** Names that are not known here are kept: they are compared, nothing more. */
function readCapabilities(element: XmlElement): readonly CookieCapability[] {
  return childrenNamed(element, 'cap').map((each) => {
    const name = each.attributes.get('name');
    if (name === undefined || name === '') throw malformed('missing migration capability name');
    return { name, automatic: each.attributes.get('auto') === 'yes' };
  });
}

function readBitmaps(element: XmlElement): readonly CookieBitmaps[] {
  const need = (value: string | undefined): string => {
    if (value === undefined || value === '') throw malformed('malformed <blockDirtyBitmaps> in migration cookie');
    return value;
  };
  return childrenNamed(element, 'disk').map((disk) => ({
    target: need(disk.attributes.get('target')),
    bitmaps: childrenNamed(disk, 'bitmap').map(({ attributes }) => ({ name: need(attributes.get('name')), alias: need(attributes.get('alias')) })),
  }));
}
