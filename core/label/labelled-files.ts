/**
 * Which files of a run QEMU opens by name, and as whose: read off the live definition, so that what is labelled is what
 * the command line names. A file that QEMU finds open, or that a program beside it opens, is not among them.
 */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Character } from '../devices/character/character.ts';
import type { HostNeed } from '../devices/device-module.ts';
import type { Disk } from '../devices/disk/disk-definition.ts';
import { dataStoreOf, type ImageBackend, imagesOf } from '../devices/disk/disk-images.ts';
import { backingPath } from '../devices/memory/memory-definition.ts';
import type { Access } from './file-access.ts';

export interface LabelledFile {
  readonly path: string;
  readonly access: Access;
  /** `node` is a device of the host that is one guest's alone; `made` is a file that QEMU would make itself; `shared` is nobody's to give away. */
  readonly kind: 'image' | 'made' | 'node' | 'shared';
  /** A label of its own, `user:group`; null for the run's. */
  readonly label: string | null;
  /** False where the definition says that its owner stays as it is. */
  readonly relabel: boolean;
}

type SourceLabel = Pick<LabelledFile, 'label' | 'relabel'>;

const asTheRun: SourceLabel = { label: null, relabel: true };

/** Each path once, with the widest access that is asked for. */
export function labelledFiles(definition: DomainDefinition, needs: readonly HostNeed[]): readonly LabelledFile[] {
  const { devices, os, sysinfo } = definition;
  const disks = devicesOf(devices, 'disk').flatMap(filesOfDisk);
  const characters = (['serial', 'parallel', 'console', 'channel', 'redirdev'] as const).flatMap((kind) => devicesOf(devices, kind)).flatMap(filesOfCharacter);
  const memory = devicesOf(devices, 'memory').map(backingPath).filter((path) => path !== null);
  const stores = devicesOf(devices, 'pstore').map(({ path }) => path).filter((path) => path !== null);
  const boot = [os.kernel, os.initrd, os.shim, os.dtb, ...os.acpiTables.map(({ path }) => path)].filter((path) => path !== null);
  const tables = sysinfo.flatMap((table) => (table.type === 'fwcfg' ? table.entries.flatMap(({ file }) => file ?? []) : []));
  const nvram = [os.nvram?.path ?? os.nvram?.source?.file ?? null].filter((path) => path !== null);
  return widest([
    ...disks,
    ...nvram.map((path) => file(path, 'read-write', 'image')),
    ...[...boot, ...tables].map((path) => file(path, 'read', 'image')),
    ...memory.map((path) => file(path, 'read-write', 'image')),
    ...stores.map((path) => file(path, 'read-write', 'made')),
    ...characters,
    ...needs.flatMap(fileOfNeed),
  ].filter(({ path }) => path.startsWith('/')));
}

function file(path: string, access: Access, kind: LabelledFile['kind'], source: SourceLabel = asTheRun): LabelledFile {
  return { path, access, kind, ...source };
}

/** A label of the disk's own image counts for the images below it, too. */
function filesOfDisk(disk: Disk): readonly LabelledFile[] {
  const images = imagesOf(disk);
  const ofDisk = images[0] ? labelOf(images[0].backend) : null;
  return images.flatMap((image) => {
    const access: Access = image.readonly ? 'read' : 'read-write';
    const source = labelOf(image.backend) ?? ofDisk ?? asTheRun;
    const store = dataStoreOf(image);
    return [image.backend, ...(store ? [store.backend] : [])].flatMap((backend) => localPath(backend).map((path) => file(path, access, 'image', source)));
  });
}

function localPath({ type, source }: ImageBackend): readonly string[] {
  if (type === 'file' && source && 'file' in source) return 'fdgroup' in source && source.fdgroup !== null ? [] : [source.file ?? ''];
  return type === 'block' && source && 'dev' in source ? [source.dev ?? ''] : [];
}

interface WrittenLabel {
  readonly model: string | null;
  readonly relabel: boolean | null;
  readonly label: string | null;
}

/** Null where the image has nothing to say about it. */
function labelOf({ source }: ImageBackend): SourceLabel | null {
  return source && 'seclabels' in source ? sourceLabel(source.seclabels) : null;
}

function sourceLabel(labels: readonly WrittenLabel[]): SourceLabel | null {
  const label = labels.find(({ model }) => model === 'dac') ?? null;
  if (!label) return null;
  if (label.relabel === false) return { label: null, relabel: false };
  return label.label === null || label.label === '' ? null : { label: label.label, relabel: true };
}

function filesOfCharacter({ backend, log }: Character): readonly LabelledFile[] {
  const logs = log ? [file(log.file, 'read-write', 'made')] : [];
  switch (backend.type) {
    case 'file':
      return backend.source.path === null ? logs : [file(backend.source.path, 'read-write', 'made', sourceLabel(backend.source.labels) ?? asTheRun), ...logs];
    case 'dev':
      return backend.source.path === null ? logs : [file(backend.source.path, 'read-write', 'node', sourceLabel(backend.source.labels) ?? asTheRun), ...logs];
    default:
      return logs;
  }
}

/** Devices of the host that are handed to one guest; every other node of /dev is everybody's. */
const handedOver = /^\/dev\/(bus\/usb\/\d|sg\d|input\/)/;

function fileOfNeed(need: HostNeed): readonly LabelledFile[] {
  // What lies in /sys is for this driver to look at.
  if (need.type !== 'path' || need.path.startsWith('/sys/')) return [];
  return [file(need.path, need.access, handedOver.test(need.path) ? 'node' : 'shared')];
}

function widest(files: readonly LabelledFile[]): readonly LabelledFile[] {
  const byPath = new Map<string, LabelledFile>();
  for (const each of files) {
    const known = byPath.get(each.path);
    const base = !known || known.kind === 'shared' ? each : known;
    byPath.set(each.path, { ...base, access: known?.access === 'read-write' ? 'read-write' : each.access });
  }
  return [...byPath.values()];
}
