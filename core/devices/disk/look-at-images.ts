/**
 * What only the files themselves can tell, asked just before a run: which images lie below which, so that QEMU is told
 * and never guesses, and which media are missing that may be.
 */
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { asVireoError, VireoError } from '../../base/errors.ts';
import type { DeviceDefinition } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { ImageHeader } from '../../storage/image-header.ts';
import { readImageFile } from '../../storage/read-image.ts';
import { type Disk, diskSource } from './disk-definition.ts';
import { type DiskImage, imagesOf } from './disk-images.ts';
import type { DriveBackend, StorageFormat, StorageLayer } from './storage-source.ts';

/** Deeper than this is a circle. */
const maximumLayers = 200;

/** Formats whose headers name an image below, by libvirt's names. */
const overlays: readonly StorageFormat[] = ['qcow', 'qcow2', 'qed', 'vmdk'];

/** @throws OPERATION_INVALID for an image below another whose format nobody recorded. */
export async function lookAtImages(definition: DomainDefinition): Promise<DomainDefinition> {
  const devices = await Promise.all(definition.devices.map(async (device): Promise<readonly DeviceDefinition[]> => {
    if (device.kind !== 'disk') return [device];
    const present = await withoutMissingMedium(device);
    return present ? [await withImagesBelow(present)] : [];
  }));
  return { ...definition, devices: devices.flat() };
}

/** startupPolicy='optional': a drive whose medium is gone is empty, a disk whose image is gone is not there at all. */
async function withoutMissingMedium(disk: Disk): Promise<Disk | null> {
  const { source } = disk.backend;
  const file = diskSource(disk);
  if (file === null || !source || !('startupPolicy' in source) || source.startupPolicy !== 'optional') return disk;
  const isThere = await access(file).then(() => true, () => false);
  if (isThere) return disk;
  return disk.device === 'cdrom' || disk.device === 'floppy' ? { ...disk, backend: { ...disk.backend, source: null } } : null;
}

/** What the definition says of the chain is taken; below its last image the headers are asked. */
async function withImagesBelow(disk: Disk): Promise<Disk> {
  const last = imagesOf(disk).at(-1);
  if (!last || disk.chain.terminated || disk.device === 'lun') return disk;
  const layers: StorageLayer[] = [];
  let image: Pick<DiskImage, 'backend' | 'format'> = last;
  for (;;) {
    const header = await headerOf(image);
    if (header === 'unknown') return { ...disk, chain: { layers: [...disk.chain.layers, ...layers], terminated: false } };
    if (!header?.backing) return { ...disk, chain: { layers: [...disk.chain.layers, ...layers], terminated: header !== null || layers.length > 0 } };
    const layer = await layerBelow(disk, image, header.backing);
    if (!layer) return { ...disk, chain: { layers: [...disk.chain.layers, ...layers], terminated: false } };
    layers.push(layer);
    if (layers.length > maximumLayers) throw new VireoError('OPERATION_INVALID', `disk '${disk.target.dev}': more than ${maximumLayers} images lie below one another, which is a circle`);
    image = { backend: layer.backend, format: layer.format.type };
  }
}

/** Null for a format that has nothing below it; unknown where QEMU or the host's checks will say what is wrong. */
async function headerOf({ backend, format }: Pick<DiskImage, 'backend' | 'format'>): Promise<ImageHeader | null | 'unknown'> {
  if (!overlays.includes(format)) return null;
  const file = localFile(backend);
  if (file === null) return 'unknown';
  try {
    const header = await readImageFile(file);
    return header.format === format ? header : 'unknown';
  } catch (error) {
    if (['SYSTEM_ERROR', 'INVALID_ARG'].includes(asVireoError(error).code)) return 'unknown';
    throw error;
  }
}

/** Null for an image that is elsewhere: QEMU opens it with the format that the header records. */
async function layerBelow(disk: Disk, { backend }: Pick<DiskImage, 'backend'>, { name, format }: NonNullable<ImageHeader['backing']>): Promise<StorageLayer | null> {
  const above = localFile(backend) ?? '';
  const known = format === null ? null : formatOf(format);
  if (known === null) {
    const problem = format === null ? 'was not recorded in it' : `'${format}' is not one that is known`;
    throw new VireoError('OPERATION_INVALID', `disk '${disk.target.dev}': the format of '${name}', which lies below '${above}', ${problem}; name it in a <backingStore>, or record it with qemu-img rebase -u -F`);
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(name) && !name.startsWith('file:')) return null;
  const file = path.resolve(path.dirname(above), name.replace(/^file:/, ''));
  const isBlock = await stat(file).then((facts) => facts.isBlockDevice(), () => false);
  return { format: { type: known, metadataCacheBytes: null }, backend: isBlock ? { type: 'block', source: { dev: file, ...bare, reservations: null } } : { type: 'file', source: { file, fdgroup: null, ...bare } }, index: null };
}

const bare = { startupPolicy: null, index: null, slice: null, seclabels: [], encryption: null, dataStore: null } as const;

function localFile(backend: DiskImage['backend']): string | null {
  return backend.type === 'file' || backend.type === 'block' ? diskSource({ backend: backend as DriveBackend }) : null;
}

/** libvirt's name of QEMU's format. */
function formatOf(name: string): StorageFormat | null {
  const renamed: Readonly<Record<string, StorageFormat>> = { vhdx: 'vhd', parallels: 'ploop' };
  const same: readonly StorageFormat[] = ['raw', 'qcow', 'qcow2', 'qed', 'vmdk', 'vdi', 'vpc', 'bochs', 'cloop', 'dmg', 'luks'];
  return renamed[name] ?? same.find((format) => format === name) ?? (name.startsWith('host_') || name === 'file' ? 'raw' : null);
}
