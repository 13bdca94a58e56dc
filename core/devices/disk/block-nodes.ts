/**
 * A disk's images as QEMU's block graph: for each a protocol node that knows where the bytes are and a format node that
 * knows what they mean, under libvirt's names. What lies below comes first, so that every name is known when it is used.
 */
import { VireoError } from '../../base/errors.ts';
import { reconnectKeys } from '../character/chardev.ts';
import { type CommandFragment, json, type JsonObject, keyed, withoutNulls } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { secretObject, secretTextObject } from '../secret-object.ts';
import type { Disk } from './disk-definition.ts';
import { dataStoreOf, type DiskImage, imageOfDataStore, imagesOf, numberOf, reservationsOf } from './disk-images.ts';
import { authNeed, encryptionNeed } from './disk-secrets.ts';
import { cookieHeader, networkNode, type NodeSecrets } from './network-node.ts';
import { prManagerId } from './persistent-reservations.ts';
import type { StorageFormat } from './storage-source.ts';

/** QEMU's names where they differ from libvirt's. */
const formatDrivers: Partial<Readonly<Record<StorageFormat, string>>> = { ploop: 'parallels', vhd: 'vhdx', fat: 'raw' };

/** Formats that can lie over another image. */
const overlays: readonly StorageFormat[] = ['cow', 'qcow', 'qcow2', 'qed', 'vmdk'];

/** QEMU's host_cdrom sees no medium in anything but a real optical drive. */
const opticalDrive = /^\/dev\/(sr|scd|cdrom|cdrw|dvd|dvdrw)\d*$/;

/** QEMU's credentials for TLS; libvirt's default folder. */
const tlsFolder = '/etc/pki/qemu';

export interface DiskNodes {
  readonly fragments: readonly CommandFragment[];
  /** What the guest's device is put on; null for an empty drive. */
  readonly top: string | null;
}

/** Everything below the guest's device. @throws CONFIG_UNSUPPORTED naming the disk. */
export function diskNodes(disk: Disk, launch: DeviceLaunch): DiskNodes {
  const images = imagesOf(disk);
  const first = images[0];
  if (!first) return { fragments: [], top: null };
  const chain = images.map((image, at) => imageNodes(disk, image, backingOf(disk, images, at), launch)).toReversed().flat();
  const filters = filterNodes(disk, formatName(first));
  return { fragments: [...chain, ...filters.map(({ name, properties, file }) => json('blockdev', { ...properties, 'node-name': name, file }))], top: filters.at(-1)?.name ?? formatName(first) };
}

export function storageName(image: DiskImage): string {
  return `libvirt-${numberOf(image)}-storage`;
}

/** The node that knows the image's format, and so its size. */
export function formatName(image: DiskImage): string {
  return `libvirt-${numberOf(image)}-format`;
}

/** What the guest's device is put on, in a run; null for an empty drive. */
export function topNodeName(disk: Disk): string | null {
  const [first] = imagesOf(disk);
  return first ? (filterNodes(disk, formatName(first)).at(-1)?.name ?? formatName(first)) : null;
}

/** QEMU's `backing`: a node, null for an end that was told, undefined where nothing was said. */
function backingOf(disk: Disk, images: readonly DiskImage[], at: number): string | null | undefined {
  const below = images[at + 1];
  if (below) return formatName(below);
  return disk.chain.terminated ? null : undefined;
}

function imageNodes(disk: Disk, image: DiskImage, backing: string | null | undefined, launch: DeviceLaunch): readonly CommandFragment[] {
  const store = dataStoreOf(image);
  const storeImage = store && imageOfDataStore(store, image.readonly);
  const format = formatNode(disk, image, storeImage, overlays.includes(image.format) ? backing : undefined);
  return [
    ...(storeImage ? imageNodes(disk, storeImage, undefined, launch) : []),
    ...objectsOf(disk, image, launch),
    json('blockdev', storageNode(disk, image)),
    ...sliceNodes(disk, image),
    json('blockdev', format),
  ];
}

/** Ids of what the nodes refer to; present only where the definition asks for it. */
function secretsOf(image: DiskImage): NodeSecrets {
  const storage = storageName(image);
  const { source } = image.backend;
  const network = image.backend.type === 'network' ? image.backend.source : null;
  return {
    auth: image.auth && network ? `${storage}-auth-secret0` : null,
    cookies: network && cookieHeader(network) !== null ? `${storage}-httpcookie-secret0` : null,
    tls: source && 'tls' in source && source.tls ? `obj${storage}_tls0` : null,
    encryption: (image.encryption?.secrets ?? []).map((_, at) => `${formatName(image)}-encryption-secret${at}`),
  };
}

function objectsOf(disk: Disk, image: DiskImage, launch: DeviceLaunch): readonly CommandFragment[] {
  const ids = secretsOf(image);
  const { backend, auth } = image;
  const header = backend.type === 'network' && backend.source ? cookieHeader(backend.source) : null;
  const encryption = image.encryption?.secrets ?? [];
  const reservations = reservationsOf(image);
  return [
    ...(reservations ? [json('object', { 'qom-type': 'pr-manager-helper', id: prManagerId(disk, reservations, storageName(image)), path: reservations.source?.path ?? '' })] : []),
    ...(auth && ids.auth !== null ? [secretObject(ids.auth, authNeed(image, auth), launch)] : []),
    ...(header !== null && ids.cookies !== null ? [secretTextObject(ids.cookies, header, launch)] : []),
    ...(ids.tls === null ? [] : [json('object', { 'qom-type': 'tls-creds-x509', id: ids.tls, dir: tlsFolder, endpoint: 'client', 'verify-peer': true })]),
    ...encryption.map(({ reference }, at) => secretObject(ids.encryption[at] ?? '', encryptionNeed(reference), launch)),
  ];
}

/** QEMU's `cache` of a node; its third part, writeback, is the device's. */
function cacheProperties(disk: Disk): JsonObject | null {
  switch (effectiveCache(disk)) {
    case 'none':
    case 'directsync':
      return { direct: true, 'no-flush': false };
    case 'unsafe':
      return { direct: false, 'no-flush': true };
    case 'writeback':
    case 'writethrough':
      return { direct: false, 'no-flush': false };
    default:
      return null;
  }
}

/** Several guests that write one image must not each remember what it held. */
export function effectiveCache({ driver, shareable, readonly }: Disk): NonNullable<Disk['driver']>['cache'] {
  const cache = driver?.cache ?? null;
  return (cache === null || cache === 'default') && shareable && !readonly ? 'none' : cache;
}

function storageNode(disk: Disk, image: DiskImage): JsonObject {
  return withoutNulls({ ...protocolProperties(disk, image), 'node-name': storageName(image), cache: cacheProperties(disk), 'auto-read-only': true, discard: 'unmap' });
}

function protocolProperties(disk: Disk, image: DiskImage): JsonObject {
  const { backend } = image;
  const reservations = reservationsOf(image);
  const file = (driver: string, filename: string | null): JsonObject =>
    withoutNulls({ driver, filename: filename ?? '', aio: disk.driver?.io ?? null, 'pr-manager': reservations && prManagerId(disk, reservations, storageName(image)) });
  switch (backend.type) {
    case 'file':
      return file('file', backend.source?.file ?? null);
    case 'block':
      return file(disk.device === 'cdrom' && opticalDrive.test(backend.source?.dev ?? '') ? 'host_cdrom' : 'host_device', backend.source?.dev ?? null);
    case 'dir':
      return { driver: 'vvfat', dir: backend.source?.dir ?? '', floppy: disk.device === 'floppy', rw: !image.readonly };
    case 'network':
      if (!backend.source) break;
      return networkNode({ source: backend.source, auth: image.auth, encryption: image.encryption, secrets: secretsOf(image) });
    case 'nvme': {
      if (!backend.source) break;
      const { address, namespace } = backend.source;
      const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
      return { driver: 'nvme', device: `${hex(address.domain ?? 0, 4)}:${hex(address.bus, 2)}:${hex(address.slot, 2)}.${address.function}`, namespace };
    }
    case 'vhostvdpa':
      return { driver: 'virtio-blk-vhost-vdpa', path: backend.source?.dev ?? '' };
    case 'volume':
      throw new VireoError('CONFIG_UNSUPPORTED', `disk '${disk.target.dev}': volume '${backend.source?.volume}' of pool '${backend.source?.pool}' cannot be looked up; this driver has no storage pools`);
    case 'vhostuser':
      break;
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `disk '${disk.target.dev}': its ${backend.type} source is no image`);
}

function sliceName(image: DiskImage): string {
  return `libvirt-${numberOf(image)}-slice-sto`;
}

function sliceOf({ backend: { source } }: DiskImage): { readonly offsetBytes: number; readonly sizeBytes: number } | null {
  return source && 'slice' in source ? source.slice : null;
}

/** A part of the storage as if it were the whole; a raw image needs no node for that, its format node does it. */
function sliceNodes(disk: Disk, image: DiskImage): readonly CommandFragment[] {
  const slice = sliceOf(image);
  if (!slice || formatDriver(image) === 'raw') return [];
  return [json('blockdev', withoutNulls({
    driver: 'raw', file: storageName(image), offset: slice.offsetBytes, size: slice.sizeBytes, 'node-name': sliceName(image),
    cache: cacheProperties(disk), 'auto-read-only': true, discard: 'unmap',
  }))];
}

/** A raw image with an encryption is what libvirt calls LUKS. */
function formatDriver({ format, encryption }: DiskImage): string {
  const isLuks = format === 'luks' || (format === 'raw' && encryption?.format === 'luks' && encryption.engine !== 'librbd');
  return isLuks ? 'luks' : (formatDrivers[format] ?? format);
}

function formatNode(disk: Disk, image: DiskImage, store: DiskImage | null, backing: string | null | undefined): JsonObject {
  const { driver } = disk;
  const imageDriver = formatDriver(image);
  const isLuks = imageDriver === 'luks';
  const slice = sliceOf(image);
  const isSliced = slice !== null && imageDriver === 'raw';
  const isQcow2 = image.format === 'qcow2';
  const [key = null] = secretsOf(image).encryption;
  const node = withoutNulls({
    'node-name': formatName(image),
    'read-only': image.readonly,
    discard: driver?.discard ?? null,
    'detect-zeroes': image.isTop ? detectZeroes(disk) : null,
    cache: cacheProperties(disk),
    driver: imageDriver,
    offset: isSliced ? slice.offsetBytes : null,
    size: isSliced ? slice.sizeBytes : null,
    'key-secret': isLuks ? key : null,
    encrypt: !isLuks && key !== null && image.encryption?.engine !== 'librbd' ? { format: image.encryption?.format === 'luks' ? 'luks' : 'aes', 'key-secret': key } : null,
    'cache-size': isQcow2 ? image.metadataCacheBytes : null,
    'discard-no-unref': isQcow2 ? (driver?.discardNoUnref ?? null) : null,
    'data-file': isQcow2 && store ? formatName(store) : null,
    file: slice && !isSliced ? sliceName(image) : storageName(image),
  });
  return backing === undefined ? node : { ...node, backing };
}

/** Zeroes can only be given back to a host that takes them; otherwise they are at least not written. */
function detectZeroes({ driver }: Disk): string | null {
  const word = driver?.detectZeroes ?? null;
  return word === 'unmap' && driver?.discard !== 'unmap' ? 'on' : word;
}

interface FilterNode {
  readonly name: string;
  readonly properties: JsonObject;
  /** The node below. */
  readonly file: string;
}

/** From the bottom up: copy-on-read, then the throttle groups. */
function filterNodes(disk: Disk, image: string): readonly FilterNode[] {
  const nodes: FilterNode[] = [];
  const below = (): string => nodes.at(-1)?.name ?? image;
  if (disk.driver?.copyOnRead) nodes.push({ name: `libvirt-CoR-${disk.target.dev}`, properties: { driver: 'copy-on-read', discard: 'unmap' }, file: below() });
  for (const [at, { group }] of disk.throttleFilters.entries()) {
    nodes.push({ name: image.replace(/format$/, `filter${at}`), properties: { driver: 'throttle', 'throttle-group': `throttle-${group}` }, file: below() });
  }
  return nodes;
}

/** A disk that a process of its own serves has no nodes in QEMU, but a socket. */
export function vhostUserChardev(disk: Disk, id: string, launch: DeviceLaunch): readonly CommandFragment[] {
  if (disk.backend.type !== 'vhostuser' || !disk.backend.source) return [];
  const { path, reconnect } = disk.backend.source;
  return [keyed('chardev', 'socket', { id, path, ...reconnectKeys(reconnect?.enabled ? reconnect.timeoutSeconds : null, launch) })];
}
