/** The definition in a save image: what a guest is restored as, and what it may be changed to (D5). */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { checkAbiStability } from '../definition/abi-stability.ts';
import type { Disk } from '../devices/disk/disk-definition.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { aboutImage } from './image-error.ts';
import type { SaveContext } from './save-context.ts';
import { withCookieCpu } from './save-cookie.ts';
import type { SaveImage } from './save-image.ts';

/** What the image says, completed for this host. @throws XML_ERROR or CONFIG_UNSUPPORTED naming the file. */
export async function definitionIn(context: SaveContext, { file, xml, cookie }: SaveImage): Promise<DomainDefinition> {
  try {
    return await context.readDefinition(withCookieCpu(xml, cookie, file));
  } catch (error) {
    throw aboutImage(file, `the save image '${file}' cannot be used`, error);
  }
}

/**
 * `xml` in the place of `source`, which the guest was saved with. What it leaves open is as in a new definition, but for
 * the UUID. @throws CONFIG_UNSUPPORTED naming what the guest would notice.
 */
export async function changedDefinition(context: SaveContext, source: DomainDefinition, xml: string, cookie: string | null): Promise<DomainDefinition> {
  const target = await context.readDefinition(withCookieCpu(withUuidOf(source, xml), cookie, 'the new definition'));
  checkAbiStability(source, target);
  return target;
}

/** The same as text, to stand in an image: a CPU that is "this host's" stays one, for the cookie says which it was. */
export async function changedText(context: SaveContext, source: DomainDefinition, xml: string, cookie: string | null): Promise<string> {
  await changedDefinition(context, source, xml, cookie);
  return formatDomain(await context.readDefinition(withUuidOf(source, xml)), { form: 'inactive', secure: true });
}

function withUuidOf({ uuid }: DomainDefinition, xml: string): string {
  const parsed = parseDomain(xml);
  return parsed.uuid === null ? formatDomain({ ...parsed, uuid: uuid ?? randomUUID() }, { form: 'inactive', secure: true }) : xml;
}

/** What is written into the image of a run: with its secrets, for the image is its user's alone. */
export async function definitionToSave(context: SaveContext, domain: Domain, xml: string | null): Promise<string> {
  const run = await context.migratableForm(domain, { inactive: false });
  const own = domain.persistent && !domain.live?.pendingChanges ? asDefined(run, domain.persistent) : run;
  const text = formatDomain(own, { form: 'inactive', secure: true });
  if (xml === null) return text;
  const source = await context.readDefinition(formatDomain(run, { form: 'inactive', secure: true }));
  return await changedText(context, source, xml, null);
}

/**
 * The run says of some things more than its user did: which CPU "this host's" was, what lies below an image. What the user
 * said is kept where the run began from just that; the CPU itself is in the cookie.
 */
function asDefined(run: DomainDefinition, defined: DomainDefinition): DomainDefinition {
  const devices = run.devices.map((device): DeviceDefinition => {
    const same = devicesOf(defined.devices, device.kind)[devicesOf(run.devices, device.kind).indexOf(device as never)];
    if (device.kind === 'disk' && same?.kind === 'disk' && isDeepStrictEqual(withoutIndex(device.backend), withoutIndex(same.backend))) return { ...device, chain: same.chain };
    // A socket of the run is none of the definition's.
    if (isCharacter(device) && same && isCharacter(same) && hasNoPath(device) && hasNoPath(same)) return { ...device, backend: same.backend };
    return device;
  });
  return { ...run, cpu: defined.cpu, devices };
}

/** A run numbers its images. */
function withoutIndex({ source, ...backend }: Disk['backend']): unknown {
  return { ...backend, source: source && { ...source, index: null } };
}

type Character = DeviceDefinition & { readonly kind: 'serial' | 'parallel' | 'console' | 'channel' };

function isCharacter(device: DeviceDefinition): device is Character {
  return device.kind === 'serial' || device.kind === 'parallel' || device.kind === 'console' || device.kind === 'channel';
}

function hasNoPath({ backend }: Character): boolean {
  return backend.type === 'unix' && (backend.source?.path ?? null) === null;
}
