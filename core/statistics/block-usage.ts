/** What QEMU tells of disks and their images, put to the disks of a definition. */
import { devicesOf } from '../conf/device-definition.ts';
import { formatName, storageName } from '../devices/disk/block-nodes.ts';
import type { Disk } from '../devices/disk/disk-definition.ts';
import { type DiskImage, imagesOf } from '../devices/disk/disk-images.ts';
import type { QmpResult } from '../monitor/commands.ts';
import type { QemuAnswers } from './qemu-answers.ts';
import type { StatisticsParameters } from './statistics-record.ts';

type BlockStats = QmpResult<'query-blockstats'>[number];
export type DeviceCounters = BlockStats['stats'];

/** Of one image, in bytes; null where QEMU does not tell. */
export interface ImageUsage {
  readonly capacityBytes: number | null;
  /** What the file or device takes of the host. */
  readonly physicalBytes: number | null;
  /** The end of what was ever written in this run. */
  readonly highestOffsetBytes: number | null;
  readonly thresholdBytes: number | null;
}

/** All that was told, by QEMU's names. */
export class BlockUsage {
  readonly #byDevice = new Map<string, DeviceCounters>();
  readonly #highestOffsets = new Map<string, number>();
  readonly #nodes = new Map<string, QmpResult<'query-named-block-nodes'>[number]>();

  constructor({ blockStats, blockNodes }: Pick<QemuAnswers, 'blockStats' | 'blockNodes'>) {
    for (const entry of blockStats ?? []) {
      const alias = aliasIn(entry);
      if (alias !== null) this.#byDevice.set(alias, entry.stats);
      this.#walk(entry);
    }
    for (const node of blockNodes ?? []) if (node['node-name'] !== undefined) this.#nodes.set(node['node-name'], node);
  }

  /** Null for a disk that QEMU has no counters of, such as one of vhost-user. */
  countersOf({ alias }: Disk): DeviceCounters | null {
    return (alias === null ? undefined : this.#byDevice.get(alias)) ?? null;
  }

  /** Null where QEMU has no such image. */
  imageOf(image: DiskImage): ImageUsage | null {
    if (image.number === null) return null;
    const name = formatName(image);
    const node = this.#nodes.get(name);
    if (!node) return null;
    return {
      capacityBytes: positive(node.image['virtual-size']),
      physicalBytes: positive(node.image['actual-size']),
      highestOffsetBytes: this.#highestOffsets.get(name) ?? null,
      thresholdBytes: positive(this.#nodes.get(storageName(image))?.write_threshold),
    };
  }

  /** A chain is as deep as the host's images are; QEMU has opened every one of them. */
  #walk(top: BlockStats): void {
    const left = [top];
    for (let entry = left.pop(); entry; entry = left.pop()) {
      if (entry['node-name'] !== undefined && entry.parent) this.#highestOffsets.set(entry['node-name'], entry.parent.stats.wr_highest_offset);
      if (entry.parent) left.push(entry.parent);
      if (entry.backing) left.push(entry.backing);
    }
  }
}

/** `/machine/peripheral/virtio-disk0/virtio-backend`, or the plain id (QEMU 7.2 has both, by device). */
function aliasIn({ qdev }: BlockStats): string | null {
  if (qdev === undefined) return null;
  return /^\/machine\/peripheral\/([^/]+)/.exec(qdev)?.[1] ?? qdev;
}

function positive(value: number | undefined): number | null {
  return value !== undefined && value > 0 ? value : null;
}

/** Sizes of images that no QEMU has open, by their path. */
export interface FileSizes {
  readonly capacityBytes: number | null;
  readonly allocationBytes: number | null;
  readonly physicalBytes: number | null;
}

/** One row of a record. An empty drive has counters and no image. */
export interface ListedImage {
  readonly disk: Disk;
  readonly image: DiskImage | null;
}

/** The images that a record tells of, in its order: of each disk the top one, with `backing` those below it as well. */
export function listedImages(disks: readonly Disk[], backing: boolean): readonly ListedImage[] {
  return disks.flatMap((disk): readonly ListedImage[] => {
    const images = imagesOf(disk);
    if (images.length === 0) return [{ disk, image: null }];
    return (backing ? images : images.slice(0, 1)).map((image) => ({ disk, image }));
  });
}

/** The group `block` of domstats. `usage` is null where no QEMU was asked. */
export function blockParameters(listed: readonly ListedImage[], usage: BlockUsage | null, files: ReadonlyMap<DiskImage, FileSizes>): StatisticsParameters {
  const parameters: StatisticsParameters = { 'block.count': listed.length };
  for (const [index, { disk, image }] of listed.entries()) {
    const add: Add = (name, value) => {
      if (value !== null && value !== undefined) parameters[`block.${index}.${name}`] = value;
    };
    add('name', disk.target.dev);
    add('path', image && pathOf(image));
    add('backingIndex', image?.number);
    if (image?.isTop ?? true) addCounters(add, usage?.countersOf(disk) ?? null);
    if (image) addSizes(add, usage?.imageOf(image) ?? null, files.get(image) ?? null);
  }
  return parameters;
}

type Add = (name: string, value: number | string | null | undefined) => void;

function addCounters(add: Add, counters: DeviceCounters | null): void {
  if (!counters) return;
  add('rd.reqs', counters.rd_operations);
  add('rd.bytes', counters.rd_bytes);
  add('rd.times', counters.rd_total_time_ns);
  add('wr.reqs', counters.wr_operations);
  add('wr.bytes', counters.wr_bytes);
  add('wr.times', counters.wr_total_time_ns);
  add('fl.reqs', counters.flush_operations);
  add('fl.times', counters.flush_total_time_ns);
}

function addSizes(add: Add, image: ImageUsage | null, file: FileSizes | null): void {
  add('allocation', image ? (image.highestOffsetBytes ?? 0) : file?.allocationBytes);
  add('capacity', image ? image.capacityBytes : file?.capacityBytes);
  add('physical', image?.physicalBytes ?? file?.physicalBytes);
  add('threshold', image?.thresholdBytes);
}

/** The path of a local image; other sources have none. */
export function pathOf({ backend }: DiskImage): string | null {
  const { source } = backend;
  if (!source) return null;
  if ('file' in source) return source.file;
  return backend.type === 'block' && 'dev' in source ? source.dev : null;
}

export function disksOf(definition: { readonly devices: Parameters<typeof devicesOf>[0] }): readonly Disk[] {
  return devicesOf(definition.devices, 'disk');
}
