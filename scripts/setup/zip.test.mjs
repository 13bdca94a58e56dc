import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unzip } from './zip.mjs';

let folder;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});

afterEach(() => rm(folder, { recursive: true }));

/** A zip file written by the format's text: local headers with their content, the directory, its end. */
function zipOf(files) {
  const locals = [];
  const directory = [];
  let offset = 0;
  for (const { name, content, method, mode } of files) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46);
    locals.push(local, packed);
    directory.push(entry);
    offset += local.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

test('a zip file gives its wanted files with content and the right to be run', async () => {
  const file = path.join(folder, 'a.zip');
  const files = [
    { name: 'in/program', content: 'x'.repeat(5000), method: 8, mode: 0o100755 },
    { name: 'in/text', content: 'hello', method: 0, mode: 0o100644 },
    { name: 'out/big', content: 'no', method: 0, mode: 0o100644 },
  ];
  await writeFile(file, zipOf(files));
  await unzip(file, folder, (name) => name.startsWith('in/'));
  expect(await readFile(path.join(folder, 'in/program'), 'utf8')).toBe('x'.repeat(5000));
  expect((await stat(path.join(folder, 'in/program'))).mode & 0o777).toBe(0o755);
  expect(await readFile(path.join(folder, 'in/text'), 'utf8')).toBe('hello');
  await expect(stat(path.join(folder, 'out'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a zip file with an entry that leads outside is refused', async () => {
  const file = path.join(folder, 'a.zip');
  await writeFile(file, zipOf([{ name: '../evil', content: 'x', method: 0, mode: 0o100644 }]));
  await expect(unzip(file, folder, () => true)).rejects.toThrow('leads outside');
});
