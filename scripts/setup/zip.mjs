/** Unpacks a zip file (APPNOTE 6.3: stored and deflated entries, no zip64), because a fresh machine has no unzip. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

const signatures = { end: 0x06054b50, entry: 0x02014b50 };
const inflate = promisify(inflateRaw);

/** @param {string} file @param {string} folder @param {(name: string) => boolean} wanted */
export async function unzip(file, folder, wanted) {
  const bytes = await readFile(file);
  for (const entry of entriesOf(bytes)) {
    if (!wanted(entry.name)) continue;
    const target = path.join(folder, entry.name);
    if (!target.startsWith(folder + path.sep)) throw new Error(`${file} has an entry that leads outside: ${entry.name}`);
    if (entry.name.endsWith('/')) {
      await mkdir(target, { recursive: true });
      continue;
    }
    await mkdir(path.dirname(target), { recursive: true });
    await writeEntry(target, entry, await contentOf(bytes, entry));
  }
}

async function writeEntry(target, entry, content) {
  const unixMode = entry.externalAttributes >>> 16;
  if ((unixMode & 0o170000) === 0o120000) return symlink(content.toString(), target);
  await writeFile(target, content);
  await chmod(target, unixMode & 0o111 ? 0o755 : 0o644);
}

function entriesOf(bytes) {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== signatures.end) end--;
  if (end < 0) throw new Error('not a zip file');
  const entries = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== signatures.entry) throw new Error('damaged zip directory');
    const nameSize = bytes.readUInt16LE(at + 28);
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameSize),
      method: bytes.readUInt16LE(at + 10),
      packedSize: bytes.readUInt32LE(at + 20),
      externalAttributes: bytes.readUInt32LE(at + 38),
      header: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameSize + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

async function contentOf(bytes, { name, method, packedSize, header }) {
  const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const packed = bytes.subarray(start, start + packedSize);
  if (method === 0) return packed;
  if (method === 8) return inflate(packed);
  throw new Error(`${name} is packed by method ${method}, which is not supported`);
}
