/**
 * The little of the ELF format (64 bit, little endian: System V ABI, chapters 4 and 5) that the sample guest's builder
 * reads: which libraries and loader a program needs, and what a kernel module depends on.
 */

const segmentTypes = { load: 1, dynamic: 2, interpreter: 3 };
const dynamicTags = { needed: 1, stringTable: 5, soname: 14 };

export function isElf(bytes) {
  return bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
}

/** @param {Buffer} bytes @returns {{ interpreter: string | null, needed: string[], soname: string | null }} */
export function linkage(bytes) {
  const segments = programHeaders(bytes);
  const interpreter = segments.find((segment) => segment.type === segmentTypes.interpreter);
  const dynamic = segments.find((segment) => segment.type === segmentTypes.dynamic);
  const entries = dynamic ? dynamicEntries(bytes, dynamic) : [];
  const tableAddress = entries.find((entry) => entry.tag === dynamicTags.stringTable)?.value;
  const table = tableAddress === undefined ? 0 : fileOffset(segments, tableAddress);
  const named = (tag) => entries.filter((entry) => entry.tag === tag).map((entry) => text(bytes, table + entry.value));
  return {
    interpreter: interpreter ? text(bytes, interpreter.offset) : null,
    needed: named(dynamicTags.needed),
    soname: named(dynamicTags.soname)[0] ?? null,
  };
}

/** The modules that must be loaded before this one, out of its .modinfo strings. @param {Buffer} bytes @returns {string[]} */
export function moduleDependencies(bytes) {
  const at = bytes.indexOf('\0depends=');
  if (at < 0) return [];
  return text(bytes, at + '\0depends='.length).split(',').filter(Boolean);
}

function text(bytes, at) {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

function programHeaders(bytes) {
  if (!isElf(bytes)) return [];
  const offset = Number(bytes.readBigUInt64LE(32));
  const entrySize = bytes.readUInt16LE(54);
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = offset + index * entrySize;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function dynamicEntries(bytes, segment) {
  return Array.from({ length: Math.floor(segment.size / 16) }, (_, index) => ({
    tag: Number(bytes.readBigInt64LE(segment.offset + index * 16)),
    value: Number(bytes.readBigUInt64LE(segment.offset + index * 16 + 8)),
  }));
}

function fileOffset(segments, address) {
  const home = segments.find(({ type, address: start, size }) => type === segmentTypes.load && address >= start && address < start + size);
  return home ? address - home.address + home.offset : 0;
}
