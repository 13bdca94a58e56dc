/**
 * The images of a disk from the top down, alike whether they stand in `<disk>` or in `<backingStore>`, and their
 * numbers in the block graph of a run.
 */
import { invariant } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { type Disk, isEmptyDrive } from './disk-definition.ts';
import type { Reservations, StorageAuth, StorageEncryption } from './storage-encryption.ts';
import type { BackendType, DataStore, DriveBackend, StorageFormat } from './storage-source.ts';

/** A data file has no data file of its own. */
export type ImageBackend = DriveBackend | DataStore['backend'];

export interface DiskImage {
  readonly backend: ImageBackend;
  readonly format: StorageFormat;
  readonly metadataCacheBytes: number | null;
  readonly encryption: StorageEncryption | null;
  readonly auth: StorageAuth | null;
  readonly readonly: boolean;
  readonly isTop: boolean;
  /** Null outside a run. */
  readonly number: number | null;
}

/** Empty for a drive without a medium. */
export function imagesOf(disk: Disk): readonly DiskImage[] {
  if (isEmptyDrive(disk)) return [];
  const { backend } = disk;
  const top: DiskImage = {
    backend,
    format: disk.driver?.type ?? defaultFormat(backend.type),
    metadataCacheBytes: disk.driver?.metadataCacheBytes ?? null,
    encryption: disk.encryption ?? encryptionIn(backend),
    auth: disk.auth ?? authIn(backend),
    readonly: disk.readonly,
    isTop: true,
    number: backend.source?.index ?? null,
  };
  const below = disk.chain.layers.map((layer): DiskImage => ({
    backend: layer.backend,
    format: layer.format.type,
    metadataCacheBytes: layer.format.metadataCacheBytes,
    encryption: encryptionIn(layer.backend),
    auth: authIn(layer.backend),
    readonly: true,
    isTop: false,
    number: layer.index,
  }));
  return [top, ...below];
}

/** An image without a named format is raw, never probed; a folder is a file system made up by QEMU. */
export function defaultFormat(type: BackendType): StorageFormat {
  return type === 'dir' ? 'fat' : 'raw';
}

export function dataStoreOf({ backend: { source } }: Pick<DiskImage, 'backend'>): DataStore | null {
  return source && 'dataStore' in source ? source.dataStore : null;
}

export function reservationsOf({ backend }: { readonly backend: ImageBackend }): Reservations | null {
  return backend.type === 'block' ? (backend.source?.reservations ?? null) : null;
}

/** The data file as an image of its own. */
export function imageOfDataStore({ backend, format }: DataStore, readonly: boolean): DiskImage {
  return { backend, format: format.type, metadataCacheBytes: null, encryption: encryptionIn(backend), auth: authIn(backend), readonly, isTop: false, number: backend.source?.index ?? null };
}

export function numberOf({ number }: DiskImage): number {
  invariant(number !== null, 'an image has its number before it is rendered');
  return number;
}

export function encryptionIn({ source }: ImageBackend): StorageEncryption | null {
  return source && 'encryption' in source ? source.encryption : null;
}

function authIn({ source }: ImageBackend): StorageAuth | null {
  return source && 'auth' in source ? source.auth : null;
}

/** `disk` with the numbers of a run; `definition` is the one that it stands in. */
export function numberImages(disk: Disk, definition: DomainDefinition): Disk {
  if (isEmptyDrive(disk)) return disk;
  let last = (firstNumbers(definition).get(disk) ?? 1) - 1;
  const next = (): number => (last += 1);
  const backend = numbered(disk.backend, next(), next);
  const layers = disk.chain.layers.map((layer) => ({ ...layer, index: next(), backend: numbered(layer.backend, null, next) }));
  return { ...disk, backend, chain: { ...disk.chain, layers } };
}

/** With `index` in the source, and the next number for its data file. */
function numbered(backend: DriveBackend, index: number | null, next: () => number): DriveBackend {
  const { source } = backend;
  if (!source) return backend;
  const store = dataStoreOf({ backend });
  const dataStore = store && { ...store, backend: { ...store.backend, source: store.backend.source && { ...store.backend.source, index: next() } } };
  return { ...backend, source: { ...source, index, ...(dataStore ? { dataStore } : {}) } } as DriveBackend;
}

const knownNumbers = new WeakMap<DomainDefinition, ReadonlyMap<Disk, number>>();

/** Counted once for a definition, not once for each of its disks. */
function firstNumbers(definition: DomainDefinition): ReadonlyMap<Disk, number> {
  const known = knownNumbers.get(definition);
  if (known) return known;
  const numbers = new Map<Disk, number>();
  let next = 1;
  for (const disk of devicesOf(definition.devices, 'disk')) {
    numbers.set(disk, next);
    for (const image of imagesOf(disk)) next += dataStoreOf(image) ? 2 : 1;
  }
  knownNumbers.set(definition, numbers);
  return numbers;
}
