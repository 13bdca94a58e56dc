import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cloudConfigFor, cloudInitSeed } from './cloud-init-seed.ts';
import { isoImage } from './iso-image.ts';

const when = new Date('2026-11-22T12:34:56Z');
const seed = { userData: '#cloud-config\n{}\n', metaData: null, networkConfig: 'version: 2\n', hostname: 'web-1' };
const isoinfo = '/usr/bin/isoinfo';
const hasIsoinfo = await access(isoinfo, constants.X_OK).then(() => true, () => false);

/** Reads the Joliet tree as a guest does: descriptor, root, records. */
function readFiles(image: Buffer): Map<string, string> {
  const descriptor = image.subarray(17 * 2048);
  const root = image.subarray(descriptor.readUInt32LE(156 + 2) * 2048);
  const files = new Map<string, string>();
  for (let at = 0; root[at]; at += root[at] as number) {
    const length = root[at + 32] as number;
    if (length === 1) continue;
    const name = Buffer.from(root.subarray(at + 33, at + 33 + length)).swap16().toString('utf16le');
    const begin = root.readUInt32LE(at + 2) * 2048;
    files.set(name, image.toString('utf8', begin, begin + root.readUInt32LE(at + 10)));
  }
  return files;
}

test('a seed has the three files under the names that cloud-init looks for, on the volume cidata', () => {
  const image = cloudInitSeed(seed, when);
  expect(image.toString('latin1', 16 * 2048 + 40, 16 * 2048 + 46)).toBe('cidata');
  const files = readFiles(image);
  expect([...files.keys()]).toEqual(['meta-data', 'network-config', 'user-data']);
  expect(files.get('user-data')).toBe(seed.userData);
  expect(files.get('meta-data')).toMatch(/^instance-id: vireo-[0-9a-f]{16}\nlocal-hostname: web-1\n$/);
});

test('another text is another instance', () => {
  const id = (text: string): string | undefined => readFiles(cloudInitSeed({ ...seed, userData: text }, when)).get('meta-data');
  expect(id('#cloud-config\n{}\n')).not.toBe(id('#cloud-config\n{a: 1}\n'));
});

describe('a seed is refused', () => {
  test.each([
    ['text that is no user data', { userData: 'hello' }, 'would be ignored'],
    ['a host name with a blank', { hostname: 'a b' }, "cannot be a guest's host name"],
    ['17 MiB', { userData: `#cloud-config\n${'x'.repeat(17 * 1_048_576)}` }, 'too many for an ISO image'],
  ])('for %s', (_, more, reason) => {
    expect(() => cloudInitSeed({ ...seed, ...more }, when)).toThrow(reason);
  });
});

test('a key with quotes stays one value', () => {
  const config = cloudConfigFor({ name: 'me', authorizedKeys: ['ssh-ed25519 AAAA "me: {"'], passwordHash: null });
  expect(JSON.parse(config.slice('#cloud-config\n'.length))).toMatchObject({ users: [{ name: 'me', ssh_authorized_keys: ['ssh-ed25519 AAAA "me: {"'], lock_passwd: true }] });
});

test.skipIf(!hasIsoinfo)('another reader of ISO images sees the same', async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    const file = path.join(folder, 'x.iso');
    await writeFile(file, isoImage('cidata', [{ name: 'user-data', content: Buffer.from('one') }, { name: 'empty', content: Buffer.alloc(0) }], when));
    const run = async (...args: string[]): Promise<string> => (await promisify(execFile)(isoinfo, ['-J', '-i', file, ...args])).stdout;
    expect((await run('-f')).trim().split('\n').toSorted()).toEqual(['/empty', '/user-data']);
    expect(await run('-x', '/user-data')).toBe('one');
    expect(await run('-d')).toContain('Volume id: cidata');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('names that do not fit in one sector are refused, so that no content is overwritten', () => {
  const files = (count: number): { name: string; content: Uint8Array }[] => Array.from({ length: count }, (_, at) => ({ name: `${String(at)}`.padStart(64, '0'), content: Buffer.from(`content ${at}`) }));
  const most = readFiles(isoImage('cidata', files(12), when));
  expect([...most.values()]).toEqual(files(12).map(({ content }) => content.toString()));
  expect(() => isoImage('cidata', files(13), when)).toThrow('do not fit in the one folder');
});
