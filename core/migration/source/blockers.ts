/**
 * What keeps a guest where it is (libvirt 11.3, qemuMigrationSrcIsAllowed and qemuMigrationSrcIsSafe): its devices, the
 * storage that another host could not reach, and what QEMU itself says. Begin throws the first, the check before a
 * migration shows all.
 */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { type Disk, isEmptyDrive } from '../../devices/disk/disk-definition.ts';
import type { Domain } from '../../domain/domain.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { disksToCopy } from '../storage/copy-plan.ts';
import { sharingOf } from './shared-files.ts';

export interface Blocker {
  readonly error: VireoError;
  /** What takes it away, where an option does. */
  readonly option: 'unsafe' | 'copyStorage' | 'offline' | null;
}

const because = (error: VireoError, option: Blocker['option'] = null): Blocker => ({ error, option });

/** Of the domain as it is now. */
export function stateBlockers(domain: Domain, options: MigrationOptions): readonly Blocker[] {
  const { live, state, stateAndReason: { reason } } = domain;
  if (options.offline) return domain.persistent ? [] : [because(new VireoError('OPERATION_INVALID', 'a transient domain has no definition that could move without it'))];
  if (!live) return [because(new VireoError('OPERATION_INVALID', 'domain is not running'), 'offline')];
  const refused: Blocker[] = [];
  if (state === 'pmsuspended') refused.push(because(new VireoError('OPERATION_INVALID', 'domain is pmsuspended: wake it up first, QEMU would forget that it sleeps')));
  if (state === 'in shutdown') refused.push(because(new VireoError('OPERATION_INVALID', 'domain is being shut down')));
  if (live.autodestroy !== null) refused.push(because(new VireoError('OPERATION_INVALID', 'domain is marked for auto destroy')));
  if (options.abortOnError && state === 'paused' && reason === 'I/O error') refused.push(because(new VireoError('OPERATION_INVALID', 'cannot migrate domain with I/O error')));
  return refused;
}

/** Of what the guest is made of. */
export function deviceBlockers({ devices, cpu, clock }: DomainDefinition): readonly Blocker[] {
  const texts: string[] = [];
  const unsupported: string[] = [];
  for (const device of devicesOf(devices, 'hostdev')) {
    if (device.mode === 'capabilities') unsupported.push("cannot migrate a domain with <hostdev mode='capabilities'>");
    else if (device.type !== 'usb' && !(device.type === 'pci' && device.teaming?.type === 'transient')) unsupported.push(`cannot migrate a domain with <hostdev mode='subsystem' type='${device.type}'>`);
  }
  for (const { backend: { type }, teaming } of devicesOf(devices, 'interface')) {
    if (type === 'hostdev' && teaming?.type !== 'transient') unsupported.push("cannot migrate a domain with <interface type='hostdev'>");
    if (type === 'vdpa') texts.push('vDPA devices cannot be migrated');
  }
  for (const { driver } of devicesOf(devices, 'filesystem')) {
    if (driver?.type === 'virtiofs') unsupported.push('migration with this virtiofs device is not supported');
  }
  for (const { name, role } of devicesOf(devices, 'shmem')) {
    if (role !== 'master') texts.push(`shmem device '${name}' cannot be migrated, only shmem with role='master' can be migrated`);
  }
  if (devicesOf(devices, 'disk').some(({ transient }) => transient !== null)) texts.push('migration with transient disk is not supported');
  if (hasInvariantTsc(cpu) && !clock.timers.some(({ name, frequencyHz }) => name === 'tsc' && (frequencyHz ?? 0) > 0)) texts.push("domain has 'invtsc' CPU feature but TSC frequency is not specified");
  return [...unsupported.map((text) => because(new VireoError('OPERATION_UNSUPPORTED', text))), ...texts.map((text) => because(new VireoError('OPERATION_INVALID', text)))];
}

function hasInvariantTsc(cpu: DomainDefinition['cpu']): boolean {
  return cpu?.features.some(({ name, policy }) => name === 'invtsc' && (policy === 'require' || policy === 'force')) ?? false;
}

export interface SharedWith {
  /** The destination is on this computer: it sees every file, and they share the page cache. */
  readonly sameComputer: boolean;
}

/** Disks that the other host would not have, or would not see the last writes of. @throws what is wrong with the choice of disks. */
export async function unsafeDisks(definition: DomainDefinition, options: MigrationOptions, { sameComputer }: SharedWith): Promise<readonly Blocker[]> {
  if (options.unsafe || options.offline) return [];
  const copied = new Set(disksToCopy(definition, options));
  const all = await Promise.all(devicesOf(definition.devices, 'disk').map(async (disk) => (copied.has(disk) || isEmptyDrive(disk) || disk.readonly ? null : await unsafeDisk(disk, sameComputer))));
  return all.filter((blocker) => blocker !== null);
}

async function unsafeDisk(disk: Disk, sameComputer: boolean): Promise<Blocker | null> {
  const { backend } = disk;
  if (backend.type === 'network') return null;
  const details = { disk: disk.target.dev };
  if (backend.type === 'nvme') return because(new VireoError('MIGRATE_UNSAFE', 'Migration without shared storage is unsafe', { details }), 'copyStorage');
  if (sameComputer) return null;
  if (backend.type === 'file') {
    const sharing = await sharingOf(backend.source?.file ?? '/');
    if (sharing === 'local') return because(new VireoError('MIGRATE_UNSAFE', 'Migration without shared storage is unsafe', { details: { ...details, path: backend.source?.file } }), 'copyStorage');
    if (sharing === 'coherent') return null;
  }
  const cache = disk.driver?.cache ?? null;
  if (disk.shareable || cache === 'none' || cache === 'directsync') return null;
  // QEMU writes out and drops what this host caches when the guest leaves (since 4.0, on Linux), unless it was told never to.
  if (process.platform === 'linux' && cache !== 'unsafe') return null;
  return because(new VireoError('MIGRATE_UNSAFE', 'Migration may lead to data corruption if disks use cache other than none or directsync', { details }), 'unsafe');
}

/** What QEMU says about itself (`blocked-reasons`). */
export function qemuBlockers(reasons: readonly string[]): readonly Blocker[] {
  if (reasons.length === 0) return [];
  return [because(new VireoError('OPERATION_INVALID', `cannot migrate domain: ${reasons.join('; ')}`, { details: { reasons } }))];
}

/** Block jobs of somebody else: they would end with the guest's going, half done. */
export function blockJobBlockers(jobs: readonly { readonly id?: string; readonly device?: string }[]): readonly Blocker[] {
  if (jobs.length === 0) return [];
  return [because(new VireoError('OPERATION_INVALID', 'domain has active block job', { details: { jobs: jobs.map(({ id, device }) => id ?? device) } }))];
}
