import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findEmulator, qemuNames } from './emulators.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  vi.stubEnv('PATH', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('the program of an architecture is found in PATH before all other folders', async () => {
  const file = path.join(folder, 'qemu-system-x86_64');
  await writeFile(file, '', { mode: 0o755 });
  expect(await findEmulator('x86_64')).toBe(file);
});

test.each([['i686', ['i386', 'x86_64']], ['armv7l', ['arm', 'aarch64']], ['ppc64le', ['ppc64le', 'ppc64']], ['s390x', ['s390x']]])('%s is run by %j', (arch, names) => {
  expect(qemuNames(arch)).toEqual(names);
});

test('a program that is not there is named with all that would do', async () => {
  await expect(findEmulator('teleporter')).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED', message: expect.stringContaining('qemu-system-teleporter is not installed') });
});
