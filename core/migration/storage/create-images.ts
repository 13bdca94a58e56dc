/**
 * The destination's images before its QEMU starts (I6): what is not there is made where the definition names it, with the
 * source's format and size; what is there is written over only if it holds exactly as much, as libvirt demands. A file that
 * the source itself has open is refused: two hosts on one computer would copy a disk onto itself.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError, isSystemError } from '../../base/errors.ts';
import { abortable } from '../../base/lifetime.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { noChain } from '../../devices/disk/backing-chain.ts';
import { type Disk, diskSource } from '../../devices/disk/disk-definition.ts';
import { dataStoreOf, type DiskImage, imagesOf } from '../../devices/disk/disk-images.ts';
import { imageIdentity } from '../../lock/image-identity.ts';
import { leaseFolderOf } from '../../lock/lease-folder.ts';
import { holdersOf } from '../../lock/lease-record.ts';
import { describeHolder } from '../../lock/lease-refusal.ts';
import { processesWithOpen } from '../../lock/open-files.ts';
import { discardMadeFiles, fileIdentity, type MadeFile, writeMadeFiles } from '../../process/made-images.ts';
import type { ProcessContext } from '../../process/process-context.ts';
import { isProblem, lookAtImage } from '../../storage/read-image.ts';
import type { CookieNbd } from '../cookie/migration-cookie.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { disksToCopy } from './copy-plan.ts';
import { formatImage } from './format-image.ts';

export interface ImagesRequest {
  /** Completed for this host; not live yet. */
  readonly definition: DomainDefinition;
  /** What Begin said of the source's disks. */
  readonly nbd: CookieNbd | null;
  readonly options: MigrationOptions;
  readonly runFolder: string;
  readonly signal: AbortSignal;
}

export interface DestinationImages {
  /** As the start is to be given it: a disk that is copied as a whole lies on nothing but what its own image names. */
  readonly definition: DomainDefinition;
  /** What was made; it goes with the run's folder until `keepMadeFiles`. */
  readonly made: readonly string[];
  /** What was there, and will be written over. */
  readonly overwritten: readonly string[];
}

/** Headers are read and written, no more. */
const storageDeadlineMs = 120_000;

/**
 * @throws OPERATION_FAILED, OPERATION_UNSUPPORTED, OPERATION_TIMEOUT, RESOURCE_BUSY naming the disk and its file; nothing that was made is left
 * then. After success whoever fails before there is a run calls `discardMadeFiles`; the end of a run does it by itself.
 */
export async function createImages(context: Pick<ProcessContext, 'clock' | 'log' | 'settings'>, request: ImagesRequest): Promise<DestinationImages> {
  const { definition, nbd, options, runFolder } = request;
  await discardMadeFiles(runFolder, context.log); // of a driver that was killed in a migration before this one
  if (options.copyStorage === 'none') return { definition, made: [], overwritten: [] };
  const disks = disksToCopy(definition, options);
  const targets = new Set(devicesOf(definition.devices, 'disk').map(({ target }) => target.dev));
  const unknown = nbd?.disks.find(({ target }) => !targets.has(target));
  if (unknown) throw new VireoError('INTERNAL_ERROR', `unable to find disk target '${unknown.target}' for non-shared-storage migration`, { details: { disk: unknown.target } });
  const making = new ImageMaking(context, request);
  const settled = new AbortController();
  const deadline = new AbortController();
  void context.clock.sleep(storageDeadlineMs, settled.signal).then(() => deadline.abort(new VireoError('OPERATION_TIMEOUT', 'the storage that disks are to be copied to does not answer')));
  try {
    for (const disk of disks) {
      const capacityBytes = nbd?.disks.find(({ target }) => target === disk.target.dev)?.capacityBytes ?? null;
      await abortable(making.provide(disk, capacityBytes), AbortSignal.any([request.signal, deadline.signal]));
    }
  } catch (error) {
    await discardMadeFiles(runFolder, context.log);
    throw error;
  } finally {
    settled.abort();
  }
  const chosen = new Set(disks);
  const isWhole = options.copyStorage === 'all';
  const devices = definition.devices.map((device) => (isWhole && device.kind === 'disk' && chosen.has(device) ? { ...device, chain: noChain } : device));
  return { definition: { ...definition, devices }, made: making.made.map(({ file }) => file), overwritten: making.overwritten };
}

class ImageMaking {
  readonly made: MadeFile[] = [];
  readonly overwritten: string[] = [];
  readonly #context: Pick<ProcessContext, 'settings'>;
  readonly #request: ImagesRequest;

  constructor(context: Pick<ProcessContext, 'settings'>, request: ImagesRequest) {
    this.#context = context;
    this.#request = request;
  }

  async provide(disk: Disk, capacityBytes: number | null): Promise<void> {
    this.#request.signal.throwIfAborted();
    const { backend: { type }, target: { dev } } = disk;
    const file = diskSource(disk);
    const [image] = imagesOf(disk);
    if ((type !== 'file' && type !== 'block') || file === null || !image) return; // on a server: QEMU says whether it is there
    const facts = await stat(file).catch((error: unknown) => {
      if (isSystemError(error) && error.code === 'ENOENT') return null;
      throw failed(dev, `'${file}' cannot be looked at: ${(error as Error).message}`, file, error);
    });
    if (facts) return await this.#reuse(disk, image, file, capacityBytes);
    if (type !== 'file') throw new VireoError('OPERATION_UNSUPPORTED', `cannot precreate storage for disk type '${type}': '${file}' of disk '${dev}' does not exist on this host`, { details: { disk: dev, file } });
    await this.#make(disk, image, file, capacityBytes);
  }

  async #reuse(disk: Disk, image: DiskImage, file: string, capacityBytes: number | null): Promise<void> {
    const { dev } = disk.target;
    await this.#refuseOpen(dev, file);
    const found = await lookAtImage(file, null);
    if (isProblem(found)) throw failed(dev, `'${file}' ${found.text}`, file);
    const holds = image.format === 'raw' ? await rawBytes(file) : found.header.format === image.format ? found.header.virtualBytes : null;
    const isSliced = image.backend.source !== null && 'slice' in image.backend.source && image.backend.source.slice !== null;
    if (holds !== null && capacityBytes !== null && holds !== capacityBytes && !isSliced && image.encryption === null) {
      throw failed(dev, `'${file}' is there and holds ${holds} bytes, but the disk has ${capacityBytes}; remove it, or name another file for the destination`, file);
    }
    this.overwritten.push(file);
  }

  /** Nobody may have it open: above all not the source, of which this file may be the disk. */
  async #refuseOpen(dev: string, file: string): Promise<void> {
    const folder = leaseFolderOf(this.#context.settings);
    const identity = await imageIdentity(file, folder);
    const [holder] = identity === null ? [] : await holdersOf(path.join(folder.path, `${identity}.lease`));
    const [opener] = holder ? [] : await processesWithOpen(file);
    if (!holder && !opener) return;
    const who = holder ? describeHolder(holder) : `process ${opener?.pid} (${opener?.program}${opener?.guest ? `, guest '${opener.guest}'` : ''})`;
    throw new VireoError('RESOURCE_BUSY', `disk '${dev}' cannot be copied into '${file}': ${who} has that very file open; a copy needs a file of its own, so name another one in the XML for the destination`, { details: { disk: dev, file, holder: holder ?? null } });
  }

  async #make(disk: Disk, image: DiskImage, file: string, capacityBytes: number | null): Promise<void> {
    const { dev } = disk.target;
    const { copyStorage } = this.#request.options;
    const below = copyStorage === 'incremental' ? disk.chain.layers[0] : undefined;
    if (copyStorage === 'incremental' && !below) {
      throw new VireoError('OPERATION_UNSUPPORTED', `pre-creation of storage target for incremental storage migration of disk '${dev}' is not supported: its backing image is not named`, { details: { disk: dev, file } });
    }
    if (capacityBytes === null) throw failed(dev, `'${file}' does not exist, and the source did not say how large it is`, file);
    if (image.encryption !== null || dataStoreOf(image)) throw new VireoError('OPERATION_UNSUPPORTED', `disk '${dev}': '${file}' does not exist, and an image with ${image.encryption ? 'encryption' : 'a data file'} is not made by a migration`, { details: { disk: dev, file } });
    const backing = below ? { file: diskSource(below), format: below.format.type } : null;
    if (backing?.file && !(await isThere(backing.file))) throw failed(dev, `its backing image '${backing.file}' does not exist on this host; an incremental copy needs it here`, backing.file);
    if (backing && backing.file === null) throw new VireoError('OPERATION_UNSUPPORTED', `disk '${dev}': '${file}' does not exist, and is not made above an image that is no file`, { details: { disk: dev, file } });
    const at = this.made.push({ file, kind: 'image', identity: null }) - 1;
    await this.#write();
    await using handle = await openNew(dev, file);
    this.made[at] = { file, kind: 'image', identity: fileIdentity(await handle.stat({ bigint: true })) };
    await this.#write();
    await formatImage({ disk: dev, file, format: image.format, sizeBytes: capacityBytes, backing: backing?.file ? { file: backing.file, format: backing.format } : null }, handle, this.#request.signal);
  }

  async #write(): Promise<void> {
    await writeMadeFiles(this.#request.runFolder, this.made);
  }
}

/** So that nobody's file is taken for ours. */
async function openNew(dev: string, file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') throw failed(dev, `the folder '${path.dirname(file)}' does not exist on this host`, file, error);
    throw failed(dev, `'${file}' cannot be made: ${(error as Error).message}`, file, error);
  }
}

/** QEMU counts in sectors, the last one whole. */
async function rawBytes(file: string): Promise<number | null> {
  const { size, isFile } = await stat(file).then((facts) => ({ size: facts.size, isFile: facts.isFile() }));
  return isFile ? Math.ceil(size / 512) * 512 : null;
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}

function failed(dev: string, text: string, file: string, cause?: unknown): VireoError {
  return new VireoError('OPERATION_FAILED', `disk '${dev}': ${text}`, { details: { disk: dev, file }, cause });
}
