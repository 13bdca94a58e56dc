/**
 * The beginning of a save image, byte by byte, as libvirt 11.3 has it (qemu_saveimage.h): a header of 92 bytes in the byte
 * order of the host that wrote it, the domain's XML, what only a restore needs to know (the cookie), and room in which
 * the XML may grow when somebody edits it. QEMU's stream of the guest's state follows.
 */
import { endianness } from 'node:os';
import { VireoError } from '../base/errors.ts';

export const headerBytes = 92;
const completeMagic = 'LibvirtQemudSave';
/** What a file begins with whose state is not whole. */
const partialMagic = 'LibvirtQemudPart';
const magicBytes = 16;
const version = 2;
/** libvirt's: so much longer the XML may become. */
const spareBytes = 64 << 10;
/** The state begins at a multiple of it, so that it can be written and read without the page cache; libvirt does not ask for it. */
const alignmentBytes = 4096;
/** No XML of a domain is larger; a header that says so is not believed. */
const maximumDataBytes = 64 << 20;

export interface ImageHeader {
  readonly isComplete: boolean;
  /** Of the machine that wrote it. */
  readonly byteOrder: 'LE' | 'BE';
  /** Everything between the header and the state. */
  readonly dataBytes: number;
  readonly wasRunning: boolean;
  /** See save-formats.ts. */
  readonly formatNumber: number;
  /** Where in the data the cookie begins; 0 where there is none. */
  readonly cookieOffset: number;
}

/** Where QEMU's stream begins. */
export function stateOffset({ dataBytes }: ImageHeader): number {
  return headerBytes + dataBytes;
}

export function isAligned(header: ImageHeader): boolean {
  return stateOffset(header) % alignmentBytes === 0;
}

export interface ImageHead {
  readonly xml: string;
  readonly cookie: string | null;
  readonly wasRunning: boolean;
  readonly formatNumber: number;
}

/**
 * Everything up to the state.
 * @param room of an image that is there and keeps its place for the state. Without it there is some to grow into.
 * @throws OPERATION_FAILED where it does not fit into `room`.
 */
export function encodeHead({ xml, cookie, wasRunning, formatNumber }: ImageHead, state: 'partial' | 'complete', room: Pick<ImageHeader, 'dataBytes' | 'byteOrder'> | null = null): Buffer {
  const text = Buffer.from(`${xml}\0`);
  const more = cookie === null ? Buffer.alloc(0) : Buffer.from(`${cookie}\0`);
  const neededBytes = text.length + more.length;
  const dataBytes = room?.dataBytes ?? alignedUp(headerBytes + neededBytes + spareBytes) - headerBytes;
  if (neededBytes > dataBytes) {
    throw new VireoError('OPERATION_FAILED', `new xml too large to fit in file: ${neededBytes} bytes, and there is room for ${dataBytes}`, { details: { neededBytes, dataBytes } });
  }
  const head = Buffer.alloc(headerBytes + dataBytes);
  head.write(state === 'complete' ? completeMagic : partialMagic, 'latin1');
  const fields = [version, dataBytes, wasRunning ? 1 : 0, formatNumber, cookie === null ? 0 : text.length];
  const isLittle = (room?.byteOrder ?? endianness()) === 'LE';
  fields.forEach((value, at) => (isLittle ? head.writeUInt32LE(value, magicBytes + 4 * at) : head.writeUInt32BE(value, magicBytes + 4 * at)));
  text.copy(head, headerBytes);
  more.copy(head, headerBytes + text.length);
  return head;
}

function alignedUp(bytes: number): number {
  return Math.ceil(bytes / alignmentBytes) * alignmentBytes;
}

/** What makes an image complete, to be written at its beginning. */
export function completion(): Buffer {
  return Buffer.from(completeMagic, 'latin1');
}

/** @throws OPERATION_FAILED saying what is wrong with it. */
export function decodeHeader(bytes: Uint8Array): ImageHeader {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.length < headerBytes) throw new VireoError('OPERATION_FAILED', `it has ${header.length} bytes, fewer than the header of a save image`);
  const magic = header.toString('latin1', 0, magicBytes);
  if (magic !== completeMagic && magic !== partialMagic) throw new VireoError('OPERATION_FAILED', 'image magic is incorrect: it is no save image');
  const fieldsAs = (order: 'LE' | 'BE'): number[] => Array.from({ length: 5 }, (_, at) => (order === 'LE' ? header.readUInt32LE(magicBytes + 4 * at) : header.readUInt32BE(magicBytes + 4 * at)));
  const byteOrder = (['LE', 'BE'] as const).find((order) => (fieldsAs(order)[0] ?? 0) <= version);
  if (byteOrder === undefined) throw new VireoError('OPERATION_FAILED', `image version is not supported (${fieldsAs(endianness())[0]} > ${version})`);
  const [, dataBytes = 0, wasRunning = 0, formatNumber = 0, cookieOffset = 0] = fieldsAs(byteOrder);
  if (dataBytes === 0 || dataBytes > maximumDataBytes) throw new VireoError('OPERATION_FAILED', `invalid header data length: ${dataBytes}`);
  if (cookieOffset > dataBytes) throw new VireoError('OPERATION_FAILED', `invalid place of the cookie: ${cookieOffset} of ${dataBytes}`);
  return { isComplete: magic === completeMagic, byteOrder, dataBytes, wasRunning: wasRunning !== 0, formatNumber, cookieOffset };
}

/** The texts behind the header. @throws OPERATION_FAILED where they are cut off. */
export function decodeData(data: Buffer, { dataBytes, cookieOffset }: ImageHeader): { readonly xml: string; readonly cookie: string | null } {
  if (data.length < dataBytes) throw new VireoError('OPERATION_FAILED', `failed to read domain XML: the file ends after ${headerBytes + data.length} bytes`);
  const textAt = (from: number, to: number): string | null => {
    const end = data.subarray(from, to).indexOf(0);
    return end < 0 ? null : data.toString('utf8', from, from + end);
  };
  const xml = textAt(0, cookieOffset || dataBytes);
  if (!xml) throw new VireoError('OPERATION_FAILED', 'failed to read domain XML: there is none');
  return { xml, cookie: (cookieOffset > 0 && textAt(cookieOffset, dataBytes)) || null };
}
