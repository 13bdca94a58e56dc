/** Defining and undefining domains, and what their XML says. */
import { randomBytes, randomUUID } from 'node:crypto';
import { VireoError, asVireoError } from '../base/errors.ts';
import { buildCommandLine } from '../command/build-command-line.ts';
import type { CommandLine } from '../command/command-line.ts';
import { liveDefinition } from '../command/live-definition.ts';
import { completeDefinition } from '../address/complete-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain, unknownNodes } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { sameDefinition } from '../domain/same-definition.ts';
import type { Call } from '../job/call.ts';
import { startDomain } from '../process/start-domain.ts';
import { findEmulator } from './emulators.ts';
import type { DriverContext } from './driver-context.ts';

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
export async function createDomain(context: DriverContext, call: Call, xml: string, source: string | undefined, paused: boolean): Promise<Defined> {
  const parsed = parseDomain(xml, source === undefined ? {} : { source });
  const identified = withUuid(parsed);
  startableDomain(context, identified); // before a probe that may last
  const definition = await complete(context, identified);
  call.signal.throwIfAborted();
  const domain = startableDomain(context, definition) ?? context.registry.add(definition.uuid as string, definition.name, null);
  await startDomain(context, call, domain, { paused, definition });
  return { domain, notUnderstood: notUnderstood(definition) };
}

/** The shut-off domain that a definition means, null for a new one. */
function startableDomain(context: DriverContext, definition: DomainDefinition): Domain | null {
  const domain = knownDomain(context, definition);
  if (domain?.live) throw new VireoError('OPERATION_INVALID', `domain '${domain.name}' is already active`, { domain: domain.identity });
  if (domain && !domain.persistent) throw new VireoError('OPERATION_INVALID', `domain '${domain.name}' is already being started`, { domain: domain.identity });
  return domain;
}

function notUnderstood(definition: DomainDefinition): Defined['notUnderstood'] {
  return unknownNodes(definition).map(({ path, line }) => ({ path, line }));
}

/** The domain that a definition means: same UUID and same name, or neither. @throws OPERATION_FAILED. */
function knownDomain(context: DriverContext, definition: DomainDefinition): Domain | null {
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

async function complete(context: DriverContext, definition: DomainDefinition): Promise<DomainDefinition> {
  const emulator = definition.emulator ?? (await findEmulator(definition.os.type.arch));
  const capabilities = await context.capabilities.get(emulator);
  return completeDefinition({ ...definition, emulator }, { capabilities, newUuid: randomUUID, newMac });
}

/** QEMU's and libvirt's prefix for virtual cards, with three random bytes. */
function newMac(): string {
  return ['52', '54', '00', ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** Forgets the definition; a running domain becomes transient and goes with its run. */
export async function undefineDomain(context: DriverContext, call: Call, domain: Domain): Promise<void> {
  await using job = await domain.jobs.begin(call, 'modify');
  job.assertHeld();
  if (!domain.persistent) throw new VireoError('OPERATION_INVALID', 'cannot undefine transient domain', { domain: domain.identity });
  await context.config.remove(domain.uuid);
  const id = domain.live?.facts.id ?? null;
  domain.persistent = null;
  if (domain.live) {
    domain.live.pendingChanges = false; // there is no next boot
    // The definition is gone, whatever becomes of this: a restarted driver finds none and calls the domain transient.
    await context.saveStatus(domain).catch((error: unknown) => {
      context.log.write('error', 'a state file could not be written', { domain: domain.name, error: asVireoError(error).message });
    });
  } else {
    context.registry.remove(domain); // told in the same step: somebody may be about to define it anew
  }
  context.hub.lifecycle(domain, { event: 'undefined', detail: 'removed' }, id);
}

/** The XML of the run, or of the next boot with `inactive` or while nothing runs. */
export function domainXml(domain: Domain, options: { readonly inactive: boolean; readonly secure: boolean }): string {
  const { live, persistent } = domain;
  if (live && !(options.inactive && persistent)) return formatDomain(live.definition, { form: options.inactive ? 'inactive' : 'live', secure: options.secure });
  return formatDomain(persistent ?? domain.definition, { form: 'inactive', secure: options.secure });
}

/** The command line that a start of this definition would use, with paths of a run that is never made. */
export async function nativeCommandLine(context: DriverContext, source: { readonly xml: string } | { readonly domain: Domain }): Promise<{ readonly commandLine: CommandLine; readonly binary: string }> {
  const definition = 'domain' in source ? (source.domain.persistent ?? source.domain.definition) : await complete(context, withUuid(parseDomain(source.xml)));
  const uuid = definition.uuid as string;
  const capabilities = await context.capabilities.get(definition.emulator as string);
  const runFolder = context.runFolder(uuid);
  const launch = {
    capabilities,
    accelerator: definition.type === 'qemu' ? ('tcg' as const) : ((await context.accelerators.forStart(capabilities)).accelerator),
    runFolder,
    logFolder: context.logFolder(uuid),
    monitorPath: `${runFolder}/m`,
    pidFile: `${runFolder}/pid`,
  };
  return { commandLine: buildCommandLine(liveDefinition(definition, launch), launch), binary: capabilities.binary };
}

function withUuid(definition: DomainDefinition): DomainDefinition {
  return { ...definition, uuid: definition.uuid ?? randomUUID() };
}
