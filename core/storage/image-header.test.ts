import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VireoError } from '../base/errors.ts';
import { readImageHeader } from './image-header.ts';
import { readImageFile } from './read-image.ts';

const run = promisify(execFile);
const megabyte = 1_048_576;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-images-');
});
afterAll(() => rm(folder, { recursive: true }));

async function image(name: string, ...options: readonly string[]): Promise<string> {
  await run('qemu-img', ['create', '-q', ...options, path.join(folder, name), '1M'], { cwd: folder });
  return path.join(folder, name);
}

describe("of qemu-img's images", () => {
  test.each([
    ['raw', null], ['qcow2', megabyte], ['qcow', megabyte], ['qed', megabyte], ['vmdk', megabyte], ['vdi', megabyte], ['vhdx', null], ['parallels', null],
  ])('%s is known', async (format, virtualBytes) => {
    const file = await image(`plain.${format}`, '-f', format);
    expect(await readImageFile(file)).toEqual({ format, virtualBytes, backing: null, dataFile: null, isEncrypted: false });
  });

  test.each([
    ['qcow2', ['-b', 'plain.raw', '-F', 'raw'], { name: 'plain.raw', format: 'raw' }],
    ['qcow2', ['-o', 'compat=0.10', '-b', 'plain.raw', '-F', 'raw'], { name: 'plain.raw', format: 'raw' }],
    ['qed', ['-b', 'plain.raw', '-F', 'raw'], { name: 'plain.raw', format: 'raw' }],
    ['qed', ['-b', 'plain.qcow2', '-F', 'qcow2'], { name: 'plain.qcow2', format: null }],
    ['vmdk', ['-b', 'plain.vmdk', '-F', 'vmdk'], { name: 'plain.vmdk', format: 'vmdk' }],
  ])('%s %j names the image below it', async (format, options, backing) => {
    const file = await image(`over-${options.length}-${backing.name}.${format}`, '-f', format, ...options);
    expect((await readImageFile(file)).backing).toEqual(backing);
  });

  test('qcow2 names its data file', async () => {
    const file = await image('map.qcow2', '-f', 'qcow2', '-o', 'data_file=data.raw,data_file_raw=on');
    expect((await readImageFile(file)).dataFile).toBe('data.raw');
  });
});

test('LUKS and an encrypted qcow2 say that they are encrypted', async () => {
  expect(readImageHeader(Buffer.from('LUKS\u00ba\u00be\u0000\u0001', 'latin1'))).toMatchObject({ format: 'luks', isEncrypted: true });
  const encrypted = await readFile(path.join(folder, 'plain.qcow2'));
  encrypted.writeUInt32BE(2, 32); // crypt_method: to make a real one takes seconds
  expect(readImageHeader(encrypted)).toMatchObject({ format: 'qcow2', isEncrypted: true });
});

test('whatever the bytes are, a header is read or refused', async () => {
  const files = await Promise.all(['qcow2', 'qed', 'vmdk', 'vdi'].map((format) => image(`damaged.${format}`, '-f', format)));
  const real = await Promise.all(files.map((file) => readFile(file)));
  const damaged = fc.record({ bytes: fc.constantFrom(...real), length: fc.nat(4096), changes: fc.array(fc.tuple(fc.nat(511), fc.nat(255)), { maxLength: 8 }) });
  fc.assert(fc.property(damaged, ({ bytes, length, changes }) => {
    const copy = Uint8Array.from(bytes.subarray(0, length));
    for (const [at, value] of changes) if (at < copy.length && at >= 4) copy[at] = value;
    try {
      readImageHeader(copy);
    } catch (error) {
      expect(error).toBeInstanceOf(VireoError);
    }
  }), { numRuns: 500 });
});
