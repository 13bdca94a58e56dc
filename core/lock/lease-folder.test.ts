import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLeaseFolder } from './lease-folder.ts';

let home: string;
let folder: string;
const isRoot = process.geteuid?.() === 0;

beforeEach(async () => {
  home = await mkdtemp('/tmp/vireo-');
  folder = path.join(home, 'leases');
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function opened(isCommon = false): Promise<string> {
  const handle = await openLeaseFolder({ path: folder, isCommon });
  const mode = ((await handle?.stat())?.mode ?? 0) & 0o7777;
  await handle?.close();
  return mode.toString(8);
}

test('the common folder is made for everybody by whoever comes first, and by several at once', async () => {
  expect(await Promise.all([opened(true), opened(true), opened(true)])).toEqual(['1777', '1777', '1777']);
});

test('a common folder whose maker was killed before it was for everybody becomes so', async () => {
  await mkdir(folder, { mode: 0o755 });
  expect(await opened(true)).toBe('1777');
});

test.skipIf(!isRoot)('root takes the common folder over from another user, who could remove what others have in it', async () => {
  await mkdir(folder);
  await chown(folder, 65_534, 65_534);
  expect(await opened(true)).toBe('1777');
  expect((await stat(folder)).uid).toBe(0);
});

test('a folder that somebody named is not made', async () => {
  await expect(opened()).rejects.toThrow(`disks cannot be locked in '${folder}': it does not exist; 'leaseFolder' in settings.json names another folder, and 'lockManager': 'none' does without`);
});

test('a folder in which others could remove leases is refused', async () => {
  await mkdir(folder);
  await chmod(folder, 0o777);
  await expect(opened()).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringContaining('it needs the sticky bit') as string });
  await chmod(folder, 0o1777);
  expect(await opened()).toBe('1777');
  await chmod(folder, 0o700);
  expect(await opened()).toBe('700');
});

test.skipIf(!isRoot)('a folder of another user is refused where a group may write in it, too', async () => {
  await mkdir(folder);
  await chown(folder, 65_534, 65_534);
  await chmod(folder, 0o770);
  await expect(opened()).rejects.toThrow('it needs the sticky bit');
});

test('a link is no folder', async () => {
  await symlink(home, folder);
  await expect(opened(true)).rejects.toThrow('it is a link or no folder');
});
