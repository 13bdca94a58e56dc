import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOrdinary, readOrdinary } from './ordinary-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await writeFile(path.join(folder, 'file'), 'text');
  await writeFile(path.join(folder, 'empty'), '');
  await symlink('file', path.join(folder, 'link'));
  await symlink('/dev/zero', path.join(folder, 'endless'));
  await promisify(execFile)('mkfifo', [path.join(folder, 'pipe')]);
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (name: string, maximumBytes = 100): Promise<string> => (await readOrdinary(path.join(folder, name), maximumBytes)).toString();

test('a file is read whole, also by a link and when it is empty', async () => {
  expect([await read('file', 4), await read('link'), await read('empty')]).toEqual(['text', 'text', '']);
});

test.each(['pipe', 'endless', '.'])('%s is refused at once', async (name) => {
  await expect(read(name)).rejects.toMatchObject({ code: 'INVALID_ARG', message: expect.stringContaining('is no ordinary file') as string });
  await expect(openOrdinary(path.join(folder, name), { blockDevices: true })).rejects.toMatchObject({ code: 'INVALID_ARG' });
});

test('one that is too large is refused, one that is not there is the system\u2019s to tell', async () => {
  await expect(read('file', 3)).rejects.toThrow('has 4 bytes, more than 3');
  await expect(read('nothing')).rejects.toMatchObject({ code: 'ENOENT' });
});
