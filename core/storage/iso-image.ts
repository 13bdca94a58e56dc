/**
 * A small ISO 9660 image with Joliet names (ECMA-119; Joliet specification of 1995): a flat folder of a few files, as
 * cloud-init and its relatives read it. Written here because no kept library writes one, and a program to do it is on
 * few machines.
 */
import { VireoError } from '../base/errors.ts';

export interface IsoFile {
  /** Up to 64 characters; what a guest sees. */
  readonly name: string;
  readonly content: Uint8Array;
}

const sector = 2_048;
const maximumBytes = 16 * 1_048_576;

/** Where everything lies, in sectors. */
const primaryAt = 16;
const jolietAt = 17;
const endAt = 18;
const pathTables = { primary: { little: 19, big: 20 }, joliet: { little: 21, big: 22 } } as const;
const folderAt = { primary: 23, joliet: 24 } as const;
const filesAt = 25;

type Tree = 'primary' | 'joliet';

/**
 * @param volume name of the volume, up to 16 characters of ASCII, in any case: `cidata`.
 * @throws INVALID_ARG for a name that does not fit, more names than fit in one sector, two of the same, or contents over 16 MiB.
 */
export function isoImage(volume: string, files: readonly IsoFile[], when: Date): Buffer {
  refuseWrong(volume, files);
  let next = filesAt;
  const placed = files.map((file) => {
    const at = next;
    next += Math.max(1, Math.ceil(file.content.length / sector));
    return { ...file, at };
  });
  const image = Buffer.alloc(next * sector);
  const put = (at: number, bytes: Uint8Array): void => image.set(bytes, at * sector);
  put(primaryAt, volumeDescriptor('primary', volume, next, when));
  put(jolietAt, volumeDescriptor('joliet', volume, next, when));
  put(endAt, Buffer.from('\u00ffCD001\u0001', 'latin1'));
  for (const tree of ['primary', 'joliet'] as const) {
    put(pathTables[tree].little, pathTable(folderAt[tree], 'little'));
    put(pathTables[tree].big, pathTable(folderAt[tree], 'big'));
    const records = folder(tree, placed, when);
    if (records.length > sector) throw new VireoError('INVALID_ARG', `the names of ${files.length} files do not fit in the one folder of an ISO image`);
    put(folderAt[tree], records);
  }
  for (const { at, content } of placed) put(at, content);
  return image;
}

function refuseWrong(volume: string, files: readonly IsoFile[]): void {
  if (!/^[\u0020-\u007e]{1,16}$/.test(volume)) throw new VireoError('INVALID_ARG', `'${volume}' cannot be the name of a volume: 1 to 16 ASCII characters`);
  const names = files.map(({ name }) => name);
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const wrong = names.find((name, at) => !/^[^/\\:;*?\u0000-\u001f]{1,64}$/u.test(name) || names.indexOf(name) !== at);
  if (wrong !== undefined) throw new VireoError('INVALID_ARG', `'${wrong}' cannot be the name of a file on an ISO image, or is there twice`);
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (bytes > maximumBytes) throw new VireoError('INVALID_ARG', `${bytes} bytes are too many for an ISO image; ${maximumBytes} fit`);
}

/** Every number of 16 and 32 bits stands there in both orders. */
function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}

function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

function text(tree: Tree, value: string, bytes: number): Buffer {
  const blank = tree === 'primary' ? Buffer.alloc(bytes, ' ') : Buffer.alloc(bytes, Buffer.from([0, 0x20]));
  blank.set((tree === 'primary' ? Buffer.from(value, 'latin1') : ucs2(value)).subarray(0, bytes));
  return blank;
}

/** Joliet writes UCS-2 with the high byte first. */
function ucs2(value: string): Buffer {
  return Buffer.from(value, 'utf16le').swap16();
}

function volumeDescriptor(tree: Tree, volume: string, sectors: number, when: Date): Buffer {
  const tables = pathTables[tree];
  const little = Buffer.alloc(4);
  little.writeUInt32LE(tables.little);
  const big = Buffer.alloc(4);
  big.writeUInt32BE(tables.big);
  const date = longDate(when);
  const none = longDate(null);
  return Buffer.concat([
    Buffer.from(`${tree === 'primary' ? '\u0001' : '\u0002'}CD001\u0001\u0000`, 'latin1'),
    text(tree, '', 32),
    text(tree, volume, 32),
    Buffer.alloc(8),
    both32(sectors),
    // Level 3 of Joliet's escape sequences: all of UCS-2.
    Buffer.concat([Buffer.from(tree === 'joliet' ? '%/E' : '', 'latin1'), Buffer.alloc(32)]).subarray(0, 32),
    both16(1),
    both16(1),
    both16(sector),
    both32(pathTable(0, 'little').length),
    little,
    Buffer.alloc(4),
    big,
    Buffer.alloc(4),
    record(tree, '\u0000', { at: folderAt[tree], bytes: sector, isFolder: true }, when),
    ...[128, 128, 128, 128, 37, 37, 37].map((length) => text(tree, '', length)),
    date,
    date,
    none,
    none,
    Buffer.of(1, 0),
  ]);
}

/** The root is its own parent and all there is. */
function pathTable(at: number, order: 'little' | 'big'): Buffer {
  const table = Buffer.alloc(10);
  table.writeUInt8(1, 0);
  if (order === 'little') table.writeUInt32LE(at, 2);
  else table.writeUInt32BE(at, 2);
  if (order === 'little') table.writeUInt16LE(1, 6);
  else table.writeUInt16BE(1, 6);
  return table;
}

function folder(tree: Tree, files: readonly (IsoFile & { readonly at: number })[], when: Date): Buffer {
  const own = { at: folderAt[tree], bytes: sector, isFolder: true };
  const named = files.map((file, index) => ({ ...file, shown: tree === 'primary' ? `FILE${String(index + 1).padStart(4, '0')}.;1` : file.name }));
  // Folders are sorted by name; in the primary tree they are already.
  const sorted = tree === 'primary' ? named : named.toSorted((a, b) => Buffer.compare(ucs2(a.shown), ucs2(b.shown)));
  const records = sorted.map(({ shown, at, content }) => record(tree, shown, { at, bytes: content.length, isFolder: false }, when));
  return Buffer.concat([record(tree, '\u0000', own, when), record(tree, '\u0001', own, when), ...records]);
}

function record(tree: Tree, name: string, { at, bytes, isFolder }: { readonly at: number; readonly bytes: number; readonly isFolder: boolean }, when: Date): Buffer {
  const isSpecial = name === '\u0000' || name === '\u0001';
  const identifier = isSpecial || tree === 'primary' ? Buffer.from(name, 'latin1') : ucs2(name);
  const padding = identifier.length % 2 === 0 ? 1 : 0;
  return Buffer.concat([
    Buffer.of(33 + identifier.length + padding, 0),
    both32(at),
    both32(bytes),
    Buffer.of(when.getUTCFullYear() - 1900, when.getUTCMonth() + 1, when.getUTCDate(), when.getUTCHours(), when.getUTCMinutes(), when.getUTCSeconds(), 0),
    Buffer.of(isFolder ? 2 : 0, 0, 0),
    both16(1),
    Buffer.of(identifier.length),
    identifier,
    Buffer.alloc(padding),
  ]);
}

/** Digits, and the distance from Greenwich in quarters of an hour; zeroes for a date that is not given. */
function longDate(when: Date | null): Buffer {
  const digits = when === null ? '0'.repeat(16) : `${when.toISOString().replaceAll(/\D/g, '').slice(0, 14)}00`;
  return Buffer.concat([Buffer.from(digits, 'latin1'), Buffer.of(0)]);
}
