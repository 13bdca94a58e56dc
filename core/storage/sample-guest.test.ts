import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultCacheFolders, findSampleGuest } from './sample-guest.ts';

const digest = 'a'.repeat(64);
let cache: string;

beforeEach(async () => {
  cache = await mkdtemp('/tmp/vireo-');
  delete process.env['VIREO_SAMPLE_GUEST'];
});

afterEach(async () => {
  delete process.env['VIREO_SAMPLE_GUEST'];
  await rm(cache, { recursive: true });
});

async function putImage(name: string, fields: Record<string, unknown> = {}): Promise<string> {
  const folder = path.join(cache, 'sample-guest', name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'kernel'), 'kernel');
  await writeFile(path.join(folder, 'initrd'), 'initrd');
  const files = { kernel: { bytes: 6, sha256: digest }, initrd: { bytes: 6, sha256: digest } };
  const manifest = { format: 1, arch: process.arch, builtAt: '2026-01-01T00:00:00.000Z', version: name, files, ...fields };
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}

describe('the sample guest', () => {
  test('is the newest image of this architecture', async () => {
    await putImage('9.9-old', { builtAt: '2025-01-01T00:00:00.000Z' });
    await putImage('8.8-foreign', { arch: 'pdp11', builtAt: '2027-01-01T00:00:00.000Z' });
    const newest = await putImage('6.1-new');
    expect(await findSampleGuest([cache])).toEqual({
      kernel: path.join(newest, 'kernel'),
      initrd: path.join(newest, 'initrd'),
      version: '6.1-new',
    });
  });

  test('is the one that VIREO_SAMPLE_GUEST names, before all others', async () => {
    await putImage('newer', { builtAt: '2027-01-01T00:00:00.000Z' });
    process.env['VIREO_SAMPLE_GUEST'] = await putImage('named');
    expect(await findSampleGuest([cache])).toMatchObject({ version: 'named' });
  });

  test('is missing, with the folders named, where nothing was built', async () => {
    expect(await findSampleGuest([cache])).toEqual({ missing: `no image in ${cache}/sample-guest` });
  });

  test('is missing where its kernel was cut short', async () => {
    const folder = await putImage('6.1');
    await truncate(path.join(folder, 'kernel'), 3);
    expect(await findSampleGuest([cache])).toEqual({ missing: `${folder}/kernel is damaged` });
  });

  test('is passed over while it is being built and when its manifest is not understood', async () => {
    await putImage('.building-x');
    const folder = await putImage('6.1', { format: 2 });
    expect(await findSampleGuest([cache])).toEqual({ missing: `the manifest in ${folder} is not one that this version understands` });
  });
});

test('the driver looks for the cache where the scripts put it', async () => {
  const script = "import('./scripts/setup/cache-folder.mjs').then((m) => console.log(JSON.stringify(m.cacheFolders(JSON.parse(process.argv[1])))))";
  for (const env of [{}, { VIREO_CACHE: '/tmp/c' }, { XDG_CACHE_HOME: '/tmp/x' }, { LOCALAPPDATA: '/tmp/l' }]) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, JSON.stringify(env)], { cwd: path.resolve(import.meta.dirname, '../..') });
    expect(JSON.parse(stdout)).toEqual(defaultCacheFolders(env));
  }
});
