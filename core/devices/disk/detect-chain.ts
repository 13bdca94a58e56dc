/**
 * The chain of one disk, from its own image down to the last. What the definition says is taken and checked; below its
 * last image the headers are asked. QEMU is then told every layer by name, so that it guesses nothing and opens nothing
 * that nobody has looked at, locked and labelled.
 */
import { asVireoError, VireoError } from '../../base/errors.ts';
import type { ImageHeader } from '../../storage/image-header.ts';
import { type ImageReader, isProblem, type LocalImage, lookAtImage } from '../../storage/read-image.ts';
import { formatOf, type NamedImage } from './backing-json.ts';
import { readBackingName, resolveBackingPath } from './backing-name.ts';
import { type Disk, diskSource } from './disk-definition.ts';
import { dataStoreOf, type DiskImage, imagesOf } from './disk-images.ts';
import { blockBackend, fileBackend } from './named-sources.ts';
import { sourceLabel } from './source-label.ts';
import type { DataStore, DriveBackend, StorageFormat, StorageLayer } from './storage-source.ts';

/** libvirt's limit, too. */
const maximumLayers = 200;

/** Formats whose headers name an image below, by libvirt's names. */
const overlays: readonly StorageFormat[] = ['qcow', 'qcow2', 'qed', 'vmdk'];

/** Formats that are known by their header; others may look like anything. */
const recognized: readonly StorageFormat[] = [...overlays, 'vdi', 'vhd', 'luks', 'ploop'];

/** Among them, those of which there are more kinds than are known here. */
const manifold: readonly StorageFormat[] = ['vmdk'];

export interface ChainOptions {
  /** Take the format of an image for what its header looks like where nobody recorded it. */
  readonly allowProbing: boolean;
  /** Whom QEMU runs as, null for whoever asks. */
  readonly reader: ImageReader | null;
}

export interface DetectedChain {
  readonly disk: Disk;
  /** A format was guessed. */
  readonly probed: boolean;
}

/** What is wrong with a chain; `details.absent` is the file that is not there or may not be read, where that is all. */
function chainError(disk: Disk, text: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown): VireoError {
  return new VireoError('OPERATION_FAILED', `disk '${disk.target.dev}': ${text}`, { details: { disk: disk.target.dev, ...details }, cause });
}

/** @throws OPERATION_FAILED naming disk and file. */
export async function detectChain(disk: Disk, options: ChainOptions): Promise<DetectedChain> {
  if (disk.device === 'lun' || disk.backend.type === 'vhostuser' || imagesOf(disk).length === 0) return { disk, probed: false };
  const walk = new ChainWalk(disk, options);
  await walk.down();
  return { disk: walk.result, probed: walk.probed };
}

/** The image that is looked at, and how it got there. */
interface Step {
  readonly image: Pick<DiskImage, 'backend' | 'format' | 'encryption'>;
  /** Null for the disk's own. */
  readonly above: string | null;
}

class ChainWalk {
  readonly #disk: Disk;
  readonly #options: ChainOptions;
  readonly #layers: StorageLayer[] = [];
  /** By identity, to what they are called: an image that comes twice is a circle. */
  readonly #seen = new Map<string, string>();
  #backend: DriveBackend;
  #terminated = false;
  probed = false;

  constructor(disk: Disk, options: ChainOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#backend = disk.backend;
  }

  get result(): Disk {
    return { ...this.#disk, backend: this.#backend, chain: { layers: this.#layers, terminated: this.#terminated } };
  }

  async down(): Promise<void> {
    const { chain } = this.#disk;
    const written = imagesOf(this.#disk);
    let last: LocalImage | null = null;
    let above: string | null = null;
    for (const [at, image] of written.entries()) {
      last = await this.#look({ image, above }, at === 0 ? null : (chain.layers[at - 1] ?? null));
      above = nameOf(image);
    }
    const [image = written[0]] = written.slice(-1);
    if (!image) return;
    if (chain.terminated) this.#terminated = true;
    else await this.#detectBelow(image, last);
  }

  /** From the last image that the definition names. */
  async #detectBelow(from: Step['image'], header: LocalImage | null): Promise<void> {
    let image = from;
    let found = header;
    for (;;) {
      // Of an image on a server nobody has read the header: QEMU does, if its format has one.
      if (!found) return void (this.#terminated = !overlays.includes(image.format));
      const backing = overlays.includes(image.format) ? found.header.backing : null;
      if (!backing) return void (this.#terminated = true);
      let named: NamedImage | null | undefined = await this.#named(image, backing);
      while (named) {
        const above = nameOf(image);
        const layer = await this.#layerOf(named, backing, above);
        image = { backend: layer.backend, format: layer.format.type, encryption: null };
        found = await this.#look({ image, above }, layer);
        if (named.below === null) return void (this.#terminated = true);
        named = named.below;
      }
    }
  }

  async #named(image: Step['image'], { name }: NonNullable<ImageHeader['backing']>): Promise<NamedImage> {
    const above = localFile(image.backend) ?? '';
    try {
      const read = readBackingName(name);
      if (!('path' in read)) return read;
      return { backend: fileBackend(await resolveBackingPath(read.path, above)), format: null, below: undefined };
    } catch (error) {
      throw chainError(this.#disk, `the header of '${above}' names the image '${name}' below it, and ${asVireoError(error).message.replace(/^invalid argument: /, '')}`, { file: above }, error);
    }
  }

  /** With its format: what `json:` says, else what the header above records, else a guess where that is allowed. */
  async #layerOf(named: NamedImage, { name, format }: NonNullable<ImageHeader['backing']>, above: string): Promise<StorageLayer> {
    const isBlock = named.backend.type === 'file' && (await this.#isBlockDevice(named.backend, above));
    const backend = isBlock ? blockBackend(localFile(named.backend) ?? '') : named.backend;
    const recorded = named.format ?? (format === null ? null : formatOf(format));
    if (format !== null && named.format === null && recorded === null) throw chainError(this.#disk, `the format '${format}' of '${name}', which lies below '${above}', is not one that is known`, { file: above });
    const type = recorded ?? (await this.#probe(backend, name, above));
    return { format: { type, metadataCacheBytes: null }, backend, index: null };
  }

  async #isBlockDevice(backend: DriveBackend, above: string): Promise<boolean> {
    const found = await lookAtImage(localFile(backend) ?? '', this.#options.reader);
    if (!isProblem(found)) return found.isBlockDevice;
    if (!found.text.startsWith('cannot be read')) this.#refuse(backend, above, found);
    return false;
  }

  async #probe(backend: DriveBackend, name: string, above: string): Promise<StorageFormat> {
    const file = localFile(backend);
    const found = this.#options.allowProbing && file !== null ? await lookAtImage(file, this.#options.reader, offsetOf(backend)) : null;
    if (found && !isProblem(found)) {
      this.probed = true;
      return formatOf(found.header.format) ?? 'raw';
    }
    throw new VireoError('OPERATION_INVALID', `disk '${this.#disk.target.dev}': the format of '${name}', which lies below '${above}', was not recorded in it; name it in a <backingStore>, or record it with qemu-img rebase -u -F`, { details: { disk: this.#disk.target.dev, file: above } });
  }

  /** Looks at one image, refuses what cannot be, and puts it into the result. */
  async #look({ image, above }: Step, layer: StorageLayer | null): Promise<LocalImage | null> {
    if (this.#layers.length >= maximumLayers) throw chainError(this.#disk, `backing chains more than ${maximumLayers} layers deep are not supported`);
    const file = localFile(image.backend);
    const found = file === null ? null : await lookAtImage(file, this.#options.reader, offsetOf(image.backend));
    if (found && isProblem(found)) {
      // What looks damaged may be a raw image that happens to begin like another.
      if (!found.text.startsWith('cannot be read') || recognized.includes(image.format)) this.#refuse(image.backend, above, found);
      this.#put(image.backend, layer);
      return null;
    }
    if (found) this.#check(image, above, found);
    this.#put(found && image.format === 'qcow2' ? await this.#withDataFile(image.backend, found.header) : image.backend, layer);
    return found;
  }

  #put(backend: DiskImage['backend'], layer: StorageLayer | null): void {
    if (layer) this.#layers.push({ ...layer, backend: backend as DriveBackend });
    else this.#backend = backend as DriveBackend;
  }

  #refuse(backend: DiskImage['backend'], above: string | null, { text, absent }: { readonly text: string; readonly absent: boolean }): never {
    const file = localFile(backend);
    throw chainError(this.#disk, `'${file}'${belowWhat(above)} ${text}`, { file, ...(absent ? { absent: file } : {}) });
  }

  #check({ backend, format, encryption }: Step['image'], above: string | null, { identity, header }: LocalImage): void {
    const file = localFile(backend) ?? '';
    const first = this.#seen.get(identity);
    if (first !== undefined) {
      const way = [...this.#seen.values(), file].map((name) => `'${name}'`).join(' on ');
      throw chainError(this.#disk, `its images lie on one another in a circle: ${way}`, { file });
    }
    this.#seen.set(identity, file);
    const looksLike = formatOf(header.format) ?? 'raw';
    const mayBeOther = manifold.includes(format) && looksLike === 'raw';
    if (recognized.includes(format) && looksLike !== format && !mayBeOther) {
      throw chainError(this.#disk, `'${file}'${belowWhat(above)} is not in ${format} format: its header is ${looksLike === 'raw' ? 'none that is known' : `that of ${looksLike}`}`, { file });
    }
    if (header.isEncrypted && recognized.includes(format) && !encryption) {
      throw chainError(this.#disk, `'${file}'${belowWhat(above)} is encrypted, and the definition names no secret for it: ${above === null ? 'give its source an <encryption>' : 'give it a <backingStore> with an <encryption> in its source'}`, { file });
    }
  }

  /** The file that holds the bytes of a qcow2 that holds only the map; the definition's word goes before the header's. */
  async #withDataFile(backend: DiskImage['backend'], { dataFile }: ImageHeader): Promise<DriveBackend> {
    const given = dataStoreOf({ backend });
    const own = backend as DriveBackend;
    const above = localFile(backend) ?? '';
    if (given) {
      await this.#lookAtDataFile(given.backend, above);
      return own;
    }
    if (dataFile === null) return own;
    let named: NamedImage | { readonly path: string };
    try {
      named = readBackingName(dataFile);
    } catch (error) {
      throw chainError(this.#disk, `the header of '${above}' names the data file '${dataFile}', and ${asVireoError(error).message.replace(/^invalid argument: /, '')}`, { file: above }, error);
    }
    const { dataStore: _none, ...source } = ('path' in named ? fileBackend(await resolveBackingPath(named.path, above)) : named.backend).source as Record<string, unknown> & { dataStore: unknown };
    const type = 'path' in named ? 'file' : named.backend.type;
    const store = { format: { type: 'raw' }, backend: { type, source } } as DataStore;
    await this.#lookAtDataFile(store.backend, above);
    return { ...own, source: { ...own.source, dataStore: store } } as DriveBackend;
  }

  async #lookAtDataFile(backend: DataStore['backend'], above: string): Promise<void> {
    const file = localFile(backend);
    const found = file === null ? null : await lookAtImage(file, this.#options.reader);
    if (found && isProblem(found) && !found.text.startsWith('cannot be read')) {
      throw chainError(this.#disk, `'${file}', which holds the data of '${above}', ${found.text}`, { file, ...(found.absent ? { absent: file } : {}) });
    }
  }
}

function belowWhat(above: string | null): string {
  return above === null ? '' : `, which lies below '${above}',`;
}

function nameOf({ backend }: Pick<DiskImage, 'backend'>): string {
  return localFile(backend) ?? sourceLabel(backend as DriveBackend);
}

/** Where in its file the image begins. */
function offsetOf({ source }: DiskImage['backend']): number {
  return source && 'slice' in source ? (source.slice?.offsetBytes ?? 0) : 0;
}

/** Null also for an image that was handed over as a descriptor: its name is nobody's to open. */
function localFile(backend: DiskImage['backend']): string | null {
  if (backend.type === 'file') return backend.source?.fdgroup ? null : (backend.source?.file ?? null);
  return backend.type === 'block' ? diskSource({ backend: backend as DriveBackend }) : null;
}
