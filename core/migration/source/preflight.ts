/** What would keep a domain from moving, and how long it would take, before anything is begun; this side alone is asked. */
import { stat } from 'node:fs/promises';
import { type VireoError, asVireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { topNodeName } from '../../devices/disk/block-nodes.ts';
import { type Disk, diskSource, isEmptyDrive } from '../../devices/disk/disk-definition.ts';
import type { Domain } from '../../domain/domain.ts';
import type { Call } from '../../job/call.ts';
import type { ReadMonitor } from '../../job/domain-run.ts';
import { startDirtyRate } from '../../statistics/dirty-rate.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import type { MigrationPreflight } from '../migration-view.ts';
import { readMigration } from '../qemu/migration-status.ts';
import { checkMigrationOptions } from '../qemu/option-rules.ts';
import { type Blocker, blockJobBlockers, deviceBlockers, qemuBlockers, stateBlockers, unsafeDisks } from './blockers.ts';
import { sharingOf } from './shared-files.ts';

export interface PreflightRequest {
  readonly options: MigrationOptions;
  readonly uri: string | null;
  readonly measure: boolean;
}

type PreflightDisk = MigrationPreflight['disks'][number];

/** @throws NO_DOMAIN, OPERATION_TIMEOUT; never for what would keep the domain here. */
export async function checkMigration(context: MigrationContext, call: Call, domain: Domain, { options, uri, measure }: PreflightRequest): Promise<MigrationPreflight> {
  const sameComputer = uri?.startsWith('vireo+unix:') ?? false;
  const { definition } = domain;
  const found: Blocker[] = [...ruleBlockers(options), ...stateBlockers(domain, options)];
  if (!options.offline) found.push(...deviceBlockers(definition), ...(await diskBlockers(definition, options, sameComputer)));
  const isRunning = domain.live !== null && !options.offline;
  const told = isRunning ? await askQemu(call, domain) : null;
  if (told) found.push(...qemuBlockers(told.blockedReasons), ...blockJobBlockers(told.blockJobs));
  const dirtyBytesPerSecond = isRunning && measure && domain.state === 'running' ? await measureDirtyRate(context, call, domain) : null;
  return {
    blockers: merged(found),
    warnings: sameComputer ? [] : warningsOf(definition, options),
    memoryBytes: isRunning ? definition.memoryKiB * 1024 : null,
    dirtyBytesPerSecond,
    disks: await disksOf(definition, told?.imageBytes ?? new Map(), sameComputer),
  };
}

function ruleBlockers(options: MigrationOptions): readonly Blocker[] {
  try {
    checkMigrationOptions(options);
    return [];
  } catch (error) {
    return [{ error: asVireoError(error), option: null }];
  }
}

async function diskBlockers(definition: DomainDefinition, options: MigrationOptions, sameComputer: boolean): Promise<readonly Blocker[]> {
  try {
    return await unsafeDisks(definition, options, { sameComputer });
  } catch (error) {
    return [{ error: asVireoError(error), option: null }]; // the choice of disks itself is wrong
  }
}

/** Disks that are refused for the same reason are one sentence. */
function merged(found: readonly Blocker[]): MigrationPreflight['blockers'] {
  const bySentence = new Map<string, { readonly option: Blocker['option']; readonly error: VireoError; readonly disks: string[] }>();
  for (const { error, option } of found) {
    const { disk } = error.details as { readonly disk?: unknown };
    const key = `${error.message} ${option}`;
    const known = bySentence.get(key) ?? { option, error, disks: [] };
    if (typeof disk === 'string') known.disks.push(disk);
    bySentence.set(key, known);
  }
  return [...bySentence.values()].map(({ error, option, disks }) => ({ message: sentence(error, option, disks), option }));
}

function sentence(error: VireoError, option: Blocker['option'], disks: readonly string[]): string {
  const names = listed(disks);
  if (error.code === 'MIGRATE_UNSAFE' && disks.length > 0) {
    return option === 'copyStorage'
      ? `${names} ${disks.length === 1 ? 'lies' : 'lie'} on storage of this computer, which the other host does not see. Copy the disks, or put the images where both hosts find them.`
      : `This computer's cache may keep from the other host what the guest has written to ${names}. Give ${disks.length === 1 ? 'the disk' : 'those disks'} cache='none', or say that it is safe.`;
  }
  if (option === 'offline') return 'The domain does not run. Its definition alone can be moved.';
  const { message } = error;
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

interface Told {
  readonly blockedReasons: readonly string[];
  readonly blockJobs: readonly { readonly device: string }[];
  /** By the name of the node. */
  readonly imageBytes: ReadonlyMap<string, number>;
}

/** Null where QEMU cannot be asked just now: what it would say is found out by Begin then. */
async function askQemu(call: Call, domain: Domain): Promise<Told | null> {
  if (domain.jobs.bars('query')) return null;
  await using job = await domain.jobs.begin(call, 'query');
  if (!job.alive) return null;
  const monitor: ReadMonitor = job.monitor();
  const [migration, blockJobs, nodes] = await Promise.all([monitor.query('query-migrate'), monitor.query('query-block-jobs'), monitor.query('query-named-block-nodes', { flat: true })]);
  const imageBytes = new Map(nodes.map((node) => [node['node-name'] ?? '', node.image['virtual-size']]));
  return { blockedReasons: readMigration(migration).blockedReasons, blockJobs, imageBytes };
}

const measuredSeconds = 1;
const looks = 10;
const lookEveryMs = 250;

/** QEMU samples pages for a second, beside whatever the guest does. */
async function measureDirtyRate({ clock }: MigrationContext, call: Call, domain: Domain): Promise<number | null> {
  try {
    await startDirtyRate(call, domain, { seconds: measuredSeconds, mode: 'page-sampling' });
    await clock.sleep(measuredSeconds * 1000, call.signal);
    for (let look = 0; look < looks; look += 1) {
      await clock.sleep(lookEveryMs, call.signal);
      call.signal.throwIfAborted();
      await using job = await domain.jobs.begin(call, 'query');
      const rate = await job.monitor().query('query-dirty-rate');
      if (rate.status === 'measured') return rate['dirty-rate'] === undefined ? null : rate['dirty-rate'] * (1 << 20);
    }
  } catch (error) {
    if (call.signal.aborted) throw error;
  }
  return null; // the guest went, somebody else measures, or this QEMU cannot: nobody is kept from moving by that
}

async function disksOf(definition: DomainDefinition, imageBytes: ReadonlyMap<string, number>, sameComputer: boolean): Promise<PreflightDisk[]> {
  const writable = devicesOf(definition.devices, 'disk').filter((disk) => !disk.readonly && !isEmptyDrive(disk));
  return Promise.all(
    writable.map(async (disk) => {
      const path = diskSource(disk);
      const bytes = imageBytes.get(topNodeName(disk) ?? '') ?? (path === null ? null : await stat(path).then(({ size }) => size, () => null));
      return { target: disk.target.dev, path, bytes, seenBy: await seenBy(disk, path, sameComputer) };
    }),
  );
}

async function seenBy({ backend, shareable }: Disk, path: string | null, sameComputer: boolean): Promise<PreflightDisk['seenBy']> {
  if (sameComputer || backend.type === 'network') return 'both';
  if (backend.type !== 'file' || path === null) return 'cannot tell'; // a volume may be of a disk array, or of this computer
  const sharing = await sharingOf(path);
  if (sharing === 'local') return shareable ? 'cannot tell' : 'this host';
  return 'both';
}

/** What the other host has to have, by the names that the definition uses. */
function warningsOf(definition: DomainDefinition, { offline }: MigrationOptions): string[] {
  const warnings: string[] = [];
  const { kernel, initrd } = definition.os;
  const files = [kernel, initrd].filter((file) => file !== null);
  if (files.length > 0 && !offline) warnings.push(`The other host needs ${listed(files)} for the next boot.`);
  const inserted = devicesOf(definition.devices, 'disk').filter((disk) => disk.readonly && !isEmptyDrive(disk) && disk.backend.type === 'file');
  if (inserted.length > 0) warnings.push(`Read-only images are not copied: the other host needs ${listed(inserted.map((disk) => diskSource(disk) ?? disk.target.dev))}.`);
  const bridges = devicesOf(definition.devices, 'interface').flatMap(({ backend }) => (backend.type === 'bridge' ? [backend.source?.bridge ?? ''] : [])).filter(Boolean);
  if (bridges.length > 0) warnings.push(`The other host needs the ${bridges.length === 1 ? 'bridge' : 'bridges'} ${listed([...new Set(bridges)])}.`);
  return warnings;
}
