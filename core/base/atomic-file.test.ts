import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countSyncs } from '../../test/support/count-syncs.ts';
import { removeDurably, writeAtomic } from './atomic-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('one file is two syncs, its own and the folder\'s', async () => {
  using syncs = await countSyncs();
  await writeAtomic(path.join(folder, 'one'), 'text');
  expect([syncs.count, await readFile(path.join(folder, 'one'), 'utf8')]).toEqual([2, 'text']);
});

test('files that are written at once share the folder\'s syncs, and none is done before one that began after it', async () => {
  using syncs = await countSyncs();
  const names = Array.from({ length: 40 }, (_, index) => `file-${index}`);
  await Promise.all(names.map((name) => writeAtomic(path.join(folder, name), name)));
  expect((await readdir(folder)).sort()).toEqual([...names].sort());
  expect(syncs.count).toBeGreaterThanOrEqual(names.length + 2);
  expect(syncs.count).toBeLessThan(names.length + 30);
});

test('a folder that is gone fails whoever writes in it, and those alone', async () => {
  const gone = path.join(folder, 'gone');
  await expect(Promise.all([writeAtomic(path.join(gone, 'a'), ''), writeAtomic(path.join(gone, 'b'), '')])).rejects.toMatchObject({ code: 'ENOENT' });
  await writeAtomic(path.join(folder, 'a'), '');
  await removeDurably(path.join(folder, 'a'));
  expect(await readdir(folder)).toEqual([]);
});
