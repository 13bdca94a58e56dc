/**
 * What an image says of itself in its first bytes: its format, its size, the image below it and the file that holds its
 * data (qcow2.txt, qed_spec.txt, block/vmdk.c, vdi.c, vhdx.h, vpc.c and the LUKS specification). A pure function over
 * bytes that a guest may have written: nothing in them is trusted, everything is bounded.
 */
import { VireoError } from '../base/errors.ts';

/** QEMU's names. `raw` is what has no header that anybody knows. */
export type ImageFormat = 'raw' | 'qcow' | 'qcow2' | 'qed' | 'vmdk' | 'vdi' | 'vhdx' | 'vpc' | 'luks' | 'parallels';

export interface ImageHeader {
  readonly format: ImageFormat;
  /** What the guest sees; null where the header does not say. */
  readonly virtualBytes: number | null;
  /** The image below, as the header names it: a path (relative to this image), a URL, or `json:`. */
  readonly backing: { readonly name: string; /** Null where the header leaves it to be guessed. */ readonly format: string | null } | null;
  /** The file that holds the data of a qcow2 which holds only the map. */
  readonly dataFile: string | null;
  readonly isEncrypted: boolean;
}

/** So much of an image's beginning is enough for every format; less if it is shorter. */
export const headerBytes = 65_536;

const maximumNameBytes = 1023;
const maximumExtensions = 64;

/** Throws INVALID_ARG for a header that is cut off or contradicts itself. */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const view = new HeaderView(bytes);
  for (const [magic, offset, read] of readers) if (view.startsWith(magic, offset)) return read(view);
  return plain('raw', null);
}

type Reader = (view: HeaderView) => ImageHeader;

const readers: readonly (readonly [magic: string, offset: number, read: Reader])[] = [
  ['QFI\u00fb', 0, readQcow],
  ['QED\0', 0, readQed],
  ['KDMV', 0, (view) => plain('vmdk', view.little64(12) * 512, parentHint(view.text(Math.min(view.little64(28) * 512, view.length), view.length)))],
  ['# Disk DescriptorFile', 0, (view) => plain('vmdk', null, parentHint(view.text(0, view.length)))],
  ['\u007f\u0010\u00da\u00be', 0x40, (view) => plain('vdi', view.little64(0x170))],
  ['vhdxfile', 0, () => plain('vhdx', null)],
  ['conectix', 0, (view) => plain('vpc', view.big64(48))],
  ['LUKS\u00ba\u00be', 0, () => ({ ...plain('luks', null), isEncrypted: true })],
  ['WithoutFreeSpace', 0, () => plain('parallels', null)],
  ['WithouFreSpacExt', 0, () => plain('parallels', null)],
];

function plain(format: ImageFormat, virtualBytes: number | null, backing: ImageHeader['backing'] = null): ImageHeader {
  return { format, virtualBytes, backing, dataFile: null, isEncrypted: false };
}

const backingFormatExtension = 0xe279_2aca;
const dataFileExtension = 0x4441_5441;
const externalDataFile = 0x4;

function readQcow(view: HeaderView): ImageHeader {
  const version = view.big32(4);
  if (version === 1) return { ...plain('qcow', view.big64(24), nameAt(view, view.big64(8), view.big32(16), null)), isEncrypted: view.big32(36) !== 0 };
  const extensions = readExtensions(view, version === 2 ? 72 : view.big32(100));
  const hasDataFile = version >= 3 && (view.big32(76) & externalDataFile) !== 0;
  return {
    format: 'qcow2',
    virtualBytes: view.big64(24),
    backing: nameAt(view, view.big64(8), view.big32(16), extensions.get(backingFormatExtension) ?? null),
    dataFile: hasDataFile ? (extensions.get(dataFileExtension) ?? null) : null,
    isEncrypted: view.big32(32) !== 0,
  };
}

/** Type, length, bytes padded to eight; type 0 ends them. */
function readExtensions(view: HeaderView, start: number): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  let at = start;
  for (let count = 0; count < maximumExtensions && at + 8 <= view.length; count += 1) {
    const type = view.big32(at);
    const length = view.big32(at + 4);
    if (type === 0) break;
    if (type === backingFormatExtension || type === dataFileExtension) found.set(type, view.text(at + 8, at + 8 + Math.min(length, maximumNameBytes)));
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}

const qedHasBacking = 0x1;
const qedBackingIsRaw = 0x4;

function readQed(view: HeaderView): ImageHeader {
  const features = view.little64(16);
  const backing = features & qedHasBacking ? nameAt(view, view.little32(56), view.little32(60), features & qedBackingIsRaw ? 'raw' : null) : null;
  return plain('qed', view.little64(48), backing);
}

function parentHint(descriptor: string): ImageHeader['backing'] {
  const name = /^parentFileNameHint="([^"\n]{1,1023})"/m.exec(descriptor)?.[1];
  return name === undefined ? null : { name, format: 'vmdk' };
}

function nameAt(view: HeaderView, offset: number, length: number, format: string | null): ImageHeader['backing'] {
  if (offset === 0 || length === 0) return null;
  if (length > maximumNameBytes) throw new VireoError('INVALID_ARG', `the image's header names a backing file of ${length} bytes`);
  return { name: view.text(offset, offset + length), format };
}

/** Reads numbers and texts, and never past the end. */
class HeaderView {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  startsWith(magic: string, offset: number): boolean {
    return Buffer.from(magic, 'latin1').equals(this.#bytes.subarray(offset, offset + magic.length));
  }

  big32(offset: number): number {
    return this.#view.getUint32(this.#within(offset, 4));
  }

  little32(offset: number): number {
    return this.#view.getUint32(this.#within(offset, 4), true);
  }

  /** Sizes and offsets beyond 2^53 are no sizes of anything. */
  big64(offset: number): number {
    return this.#safe(this.#view.getBigUint64(this.#within(offset, 8)));
  }

  little64(offset: number): number {
    return this.#safe(this.#view.getBigUint64(this.#within(offset, 8), true));
  }

  text(start: number, end: number): string {
    this.#within(start, end - start);
    return new TextDecoder().decode(this.#bytes.subarray(start, end)).replace(/\0.*$/s, '');
  }

  #within(offset: number, length: number): number {
    if (length < 0 || offset + length > this.length) throw new VireoError('INVALID_ARG', "the image's header is cut off");
    return offset;
  }

  #safe(value: bigint): number {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new VireoError('INVALID_ARG', `the image's header says ${value}, which is no size`);
    return Number(value);
  }
}
