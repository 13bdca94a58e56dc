/** Defining and undefining domains, and what their XML says. */
import { randomBytes, randomUUID } from 'node:crypto';
import { access, rm } from 'node:fs/promises';
import { VireoError, asVireoError } from '../base/errors.ts';
import { type CompleteOptions, completeDefinition } from '../address/complete-definition.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { asksForFirmware } from '../firmware/choose-firmware.ts';
import { removeVariableStore, variableStorePath } from '../firmware/variable-store.ts';
import { formatDomain, parseDomain, unknownNodes } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { sameDefinition } from '../domain/same-definition.ts';
import type { Call } from '../job/call.ts';
import { startDomain } from '../process/start-domain.ts';
import { managedSaveFile } from '../save/managed-save.ts';
import { findEmulator } from './emulators.ts';
import type { DriverContext } from './driver-context.ts';
import { SharedLookup } from './shared-lookup.ts';

export interface Defined {
  readonly domain: Domain;
  readonly notUnderstood: readonly { readonly path: string; readonly line: number }[];
}

/** Defines a domain, or replaces the next boot's definition of one with the same UUID and name. */
export async function defineDomain(context: DriverContext, call: Call, xml: string, source: string | undefined): Promise<Defined> {
  const parsed = parseDomain(xml, source === undefined ? {} : { source });
  const known = knownDomain(context, parsed);
  const definition = await complete(context, { ...parsed, uuid: known?.uuid ?? parsed.uuid ?? randomUUID() });
  for (;;) {
    call.signal.throwIfAborted();
    const existing = knownDomain(context, definition); // another define may have come first while this one probed
    const domain = existing ?? context.registry.add(definition.uuid as string, definition.name, null);
    try {
      await storeDefinition(context, call, domain, definition);
      return { domain, notUnderstood: notUnderstood(definition) };
    } catch (error) {
      // The one that was there was undefined, or came to nothing, while this waited for it: it is defined anew.
      if (existing?.removed && asVireoError(error).code === 'NO_DOMAIN') continue;
      throw error;
    }
  }
}

async function storeDefinition(context: DriverContext, call: Call, domain: Domain, definition: DomainDefinition): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  await keepDefinition(context, domain, definition);
}

/** Keeps the definition for the next boot and tells of it. The caller holds a job of the domain. */
export async function keepDefinition(context: DriverContext, domain: Domain, definition: DomainDefinition): Promise<void> {
  const isNew = domain.persistent === null;
  try {
    await context.config.save(domain.uuid, definition);
  } catch (error) {
    context.registry.removeIfNothing(domain);
    throw error;
  }
  if (domain.live && !(domain.persistent && sameDefinition(domain.persistent, definition))) domain.live.pendingChanges = true;
  domain.persistent = definition;
  try {
    await context.saveStatus(domain);
  } finally {
    // Under the job, so that an undefine that waits is told after it.
    context.hub.lifecycle(domain, { event: 'defined', detail: isNew ? 'added' : 'updated' }, domain.live?.facts.id ?? null);
  }
}

/**
 * Starts a domain from a definition that is kept nowhere (virDomainCreateXML). A shut-off domain with the same UUID and
 * name runs it this once and keeps its own for the next boot, as in libvirt; without a UUID the XML means a new domain.
 * @throws OPERATION_FAILED where name or UUID is another's, OPERATION_INVALID where that domain runs or starts, and what a
 *   start throws; nothing is left then.
 */
export async function createDomain(context: DriverContext, call: Call, xml: string, source: string | undefined, options: { readonly paused: boolean; readonly autodestroy?: boolean }): Promise<Defined> {
  const parsed = parseDomain(xml, source === undefined ? {} : { source });
  const identified = withUuid(parsed);
  startableDomain(context, identified); // before a probe that may last
  const definition = await complete(context, identified);
  call.signal.throwIfAborted();
  const domain = startableDomain(context, definition) ?? context.registry.add(definition.uuid as string, definition.name, null);
  await startDomain(context, call, domain, { ...options, definition });
  return { domain, notUnderstood: notUnderstood(definition) };
}

/** The shut-off domain that a definition means, null for a new one. */
export function startableDomain(context: DriverContext, definition: DomainDefinition): Domain | null {
  const domain = knownDomain(context, definition);
  if (domain?.live) throw new VireoError('OPERATION_INVALID', `domain '${domain.name}' is already active`, { domain: domain.identity });
  if (domain && !domain.persistent) throw new VireoError('OPERATION_INVALID', `domain '${domain.name}' is already being started`, { domain: domain.identity });
  if (domain?.hasManagedSave) throw new VireoError('OPERATION_INVALID', `domain '${domain.name}' has a saved state, which its disks would leave behind: start it, or remove that first`, { domain: domain.identity });
  return domain;
}

function notUnderstood(definition: DomainDefinition): Defined['notUnderstood'] {
  return unknownNodes(definition).map(({ path, line }) => ({ path, line }));
}

/** The domain that a definition means: same UUID and same name, or neither. @throws OPERATION_FAILED. */
export function knownDomain(context: DriverContext, definition: DomainDefinition): Domain | null {
  const byName = context.registry.byName(definition.name);
  if (definition.uuid === null) return byName;
  const byUuid = context.registry.byUuid(definition.uuid);
  if (byUuid && byUuid.name !== definition.name) {
    throw new VireoError('OPERATION_FAILED', `domain '${byUuid.name}' is already defined with uuid ${definition.uuid}`, { domain: byUuid.identity });
  }
  if (byName && byName.uuid !== definition.uuid) {
    throw new VireoError('OPERATION_FAILED', `domain '${definition.name}' already exists with uuid ${byName.uuid}`, { domain: byName.identity });
  }
  return byUuid;
}

const emulators = new SharedLookup<string>();

/** Fills in what the definition leaves open, for the emulator that it names or the one that is installed. */
export async function complete(context: DriverContext, definition: DomainDefinition): Promise<DomainDefinition> {
  const { arch } = definition.os.type;
  const emulator = definition.emulator ?? (await emulators.get(arch ?? '', () => findEmulator(arch)));
  const capabilities = await context.lookups.get(emulator, () => context.capabilities.get(emulator));
  return completeDefinition({ ...definition, emulator }, await completing(context, definition, capabilities));
}

/** What completing a definition for this QEMU takes from the host. */
export async function completing(context: DriverContext, definition: DomainDefinition, capabilities: QemuCapabilities): Promise<CompleteOptions> {
  const firmware = asksForFirmware(definition.os) ? { firmware: await context.firmware() } : {};
  return { capabilities, newUuid: randomUUID, newMac, ...firmware };
}

/** QEMU's and libvirt's prefix for virtual cards, with three random bytes. */
function newMac(): string {
  return ['52', '54', '00', ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

export interface UndefineOptions {
  /** What becomes of the firmware's variables; a domain that has some is not undefined without a word about them. */
  readonly nvram: 'remove' | 'keep' | 'refuse';
  /** What its TPM holds, and whatever else it kept over its runs, stays for a domain of the same UUID. */
  readonly keepTpm: boolean;
  /** A domain with a saved state is not undefined without a word about it: it goes with the definition. */
  readonly managedSave: boolean;
}

/** Forgets the definition; a running domain becomes transient and goes with its run. */
export async function undefineDomain(context: DriverContext, call: Call, domain: Domain, { nvram, keepTpm, managedSave }: UndefineOptions): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  if (!domain.persistent) throw new VireoError('OPERATION_INVALID', 'cannot undefine transient domain', { domain: domain.identity });
  if (domain.hasManagedSave && !managedSave) throw new VireoError('OPERATION_INVALID', 'Refusing to undefine while domain managed save image exists', { domain: domain.identity });
  const { os } = domain.persistent;
  const store = variableStorePath(os);
  if (store !== null && nvram === 'refuse' && (await isThere(store))) {
    throw new VireoError('OPERATION_INVALID', `cannot undefine domain with nvram: '${store}' has to be removed with it or kept`, { domain: domain.identity, details: { nvram: store } });
  }
  if (nvram === 'remove' && domain.live && store !== null) {
    throw new VireoError('OPERATION_INVALID', `cannot remove the nvram '${store}' of a domain that runs`, { domain: domain.identity, details: { nvram: store } });
  }
  await forgetDefinition(context, domain, { variables: nvram === 'remove' ? os : null, folder: !keepTpm });
}

/** Forgets the definition and tells of it. The caller holds a job of the domain. @throws OPERATION_FAILED where something of it is left. */
export async function forgetDefinition(context: DriverContext, domain: Domain, kept: Kept): Promise<void> {
  await context.config.remove(domain.uuid);
  await forgetAutostart(context, domain);
  const left = await removeKept(context, domain, kept);
  const id = domain.live?.facts.id ?? null;
  domain.persistent = null;
  if (domain.live) {
    domain.live.pendingChanges = false; // there is no next boot
    domain.live.takesDomainFolder = kept.folder;
    // The definition is gone, whatever becomes of this: a restarted driver finds none and calls the domain transient.
    await context.saveStatus(domain).catch((error: unknown) => {
      context.log.write('error', 'a state file could not be written', { domain: domain.name, error: asVireoError(error).message });
    });
  } else {
    context.registry.remove(domain); // told in the same step: somebody may be about to define it anew
  }
  context.hub.lifecycle(domain, { event: 'undefined', detail: 'removed' }, id);
  if (left) throw left.about(domain.identity);
}

/**
 * What a domain has beside its definition; its firmware's variables too where `variables` says whose. The definition is
 * gone by then, and with it the domain, whatever becomes of this.
 * @returns why something is left.
 */
interface Kept {
  readonly variables: DomainDefinition['os'] | null;
  readonly folder: boolean;
}

async function removeKept(context: DriverContext, domain: Domain, { variables, folder }: Kept): Promise<VireoError | null> {
  try {
    if (variables) await removeVariableStore(variables);
    if (domain.hasManagedSave) await rm(managedSaveFile(context, domain.uuid), { force: true });
    domain.hasManagedSave = false;
    // A run may still use it: it goes with that run.
    if (folder && !domain.live) await rm(context.domainFolder(domain.uuid), { recursive: true, force: true });
    return null;
  } catch (error) {
    return new VireoError('OPERATION_FAILED', `the domain is undefined, but not all that it kept could be removed: ${asVireoError(error).message}`, { cause: error });
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(() => true, () => false);
}

/** After the definition: a mark without one is nobody's, and the next driver removes what could not be removed here. */
async function forgetAutostart(context: DriverContext, domain: Domain): Promise<void> {
  if (!domain.autostart) return;
  domain.autostart = false;
  await context.autostart.save(domain.uuid, false).catch((error: unknown) => {
    context.log.write('error', 'an autostart mark could not be removed', { domain: domain.name, error: asVireoError(error).message });
  });
}

/** The XML of the run, or of the next boot with `inactive` or while nothing runs. */
export function domainXml(domain: Domain, options: { readonly inactive: boolean; readonly secure: boolean }): string {
  const { live, persistent } = domain;
  if (live && !(options.inactive && persistent)) return formatDomain(live.definition, { form: options.inactive ? 'inactive' : 'live', secure: options.secure });
  return formatDomain(persistent ?? domain.definition, { form: 'inactive', secure: options.secure });
}

export function withUuid(definition: DomainDefinition): DomainDefinition {
  return { ...definition, uuid: definition.uuid ?? randomUUID() };
}
