import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultHostSettings, readHostSettings } from './host-settings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(text: string): ReturnType<typeof readHostSettings> {
  const file = path.join(folder, 'settings.json');
  await writeFile(file, text);
  return readHostSettings(file);
}

test('without a file every setting has its default', async () => {
  expect(await readHostSettings(path.join(folder, 'settings.json'))).toEqual({ settings: defaultHostSettings, problem: null });
  expect(defaultHostSettings).toMatchObject({ lockManager: 'lease', allowDiskFormatProbing: false, user: null, dynamicOwnership: true });
});

test('what the file names is heeded, and the rest stays as it was', async () => {
  expect(await read('{"lockManager":"none","leaseFolder":"/srv/leases"}')).toEqual({ settings: { ...defaultHostSettings, lockManager: 'none', leaseFolder: '/srv/leases' }, problem: null });
});

test.each([
  ['{"leaseFolder":"leases"}', "'leaseFolder': must be an absolute path"],
  ['{"lockManger":"none"}', 'lockManger'],
  ['{"user":""}', "'user'"],
  ['{', 'JSON'],
])('%s changes nothing and is told', async (text, why) => {
  const { settings, problem } = await read(text);
  expect(settings).toEqual(defaultHostSettings);
  expect(problem).toContain(why);
});
