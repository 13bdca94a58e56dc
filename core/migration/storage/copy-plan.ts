/**
 * Which disks of a domain a migration copies: chosen once on each side, from the definition and the options alone, so that
 * both come to the same (libvirt 11.3, qemuMigrationAnyCopyDisk). What is not copied is on storage that both hosts have.
 */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { topNodeName } from '../../devices/disk/block-nodes.ts';
import { type Disk, isEmptyDrive } from '../../devices/disk/disk-definition.ts';
import type { MigrationOptions } from '../migration-options.ts';

type DiskOptions = Pick<MigrationOptions, 'copyStorage' | 'copyStorageSynchronousWrites' | 'migrateDisks' | 'migrateDisksDetectZeroes'>;

export interface PlannedDisk {
  /** `vda`. */
  readonly target: string;
  /** The block job's id and the export's name, the same on both hosts and in libvirt: `drive-virtio-disk0`. */
  readonly alias: string;
  /** What the guest's device is put on, by its name in the block graph. */
  readonly node: string;
  readonly detectZeroes: boolean;
}

export interface CopyPlan {
  /** In the definition's order; empty where nothing is copied. */
  readonly disks: readonly PlannedDisk[];
  /** Only what lies above the backing images. */
  readonly isIncremental: boolean;
  readonly synchronousWrites: boolean;
}

/**
 * @param definition a live one: its disks have aliases and numbers.
 * @throws INVALID_ARG, OPERATION_UNSUPPORTED in libvirt's words for disks that are not there or cannot be copied.
 */
export function planCopies(definition: DomainDefinition, options: DiskOptions): CopyPlan {
  return {
    disks: disksToCopy(definition, options).map((disk) => ({ target: disk.target.dev, alias: driveAlias(disk), node: topNodeName(disk) ?? '', detectZeroes: options.migrateDisksDetectZeroes.includes(disk.target.dev) })),
    isIncremental: options.copyStorage === 'incremental',
    synchronousWrites: options.copyStorageSynchronousWrites,
  };
}

/** The same choice on a definition that has not run yet. @throws as `planCopies`. */
export function disksToCopy(definition: DomainDefinition, options: DiskOptions): readonly Disk[] {
  if (options.copyStorage === 'none') return [];
  const disks = devicesOf(definition.devices, 'disk');
  for (const target of [...(options.migrateDisks ?? []), ...options.migrateDisksDetectZeroes]) {
    if (!disks.some((disk) => disk.target.dev === target)) throw new VireoError('INVALID_ARG', `disk target ${target} not found`, { details: { disk: target } });
  }
  const chosen = disks.filter((disk) => isChosen(disk, options.migrateDisks));
  for (const disk of chosen) refuseIneligible(disk);
  return chosen;
}

function isChosen(disk: Disk, named: readonly string[] | null): boolean {
  if (named) return named.includes(disk.target.dev);
  return !disk.shareable && !disk.readonly && !isEmptyDrive(disk);
}

function refuseIneligible(disk: Disk): void {
  const { target: { dev }, backend: { type } } = disk;
  if (disk.readonly || isEmptyDrive(disk)) throw new VireoError('OPERATION_UNSUPPORTED', `Cannot migrate empty or read-only disk ${dev}`, { details: { disk: dev } });
  if (type === 'vhostuser' || type === 'dir') throw new VireoError('OPERATION_UNSUPPORTED', `non-shared storage migration into '${type}' target is not supported`, { details: { disk: dev } });
}

/** libvirt's name of a disk's drive. */
export function driveAlias({ alias, target }: Disk): string {
  return `drive-${alias ?? target.dev}`;
}
