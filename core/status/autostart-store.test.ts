import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AutostartStore } from './autostart-store.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
const other = '00000000-0000-4000-8000-000000000002';
let folder: string;
let store: AutostartStore;
const open = (): AutostartStore => new AutostartStore(folder, path.join(folder, 'done.json'));
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  store = open();
  for (const each of [uuid, other]) await writeFile(path.join(folder, `${each}.xml`), '<domain/>');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = async () => {
  const { marked, broken } = await store.load();
  return { marked: [...marked], broken: broken.map(({ path: file, reason }) => `${path.basename(file)}: ${reason}`) };
};

test('a mark is found by the next store, and removed only once', async () => {
  await store.save(uuid, true);
  await store.save(uuid, true);
  expect(await open().load()).toEqual({ marked: new Set([uuid]), broken: [] });
  await store.save(uuid, false);
  await store.save(uuid, false);
  expect(await load()).toEqual({ marked: [], broken: [] });
});

test('a torn mark is set aside and hides no other', async () => {
  await store.save(other, true);
  await writeFile(path.join(folder, `${uuid}.autostart`), '{"version":1,"uu');
  expect(await load()).toEqual({ marked: [other], broken: [`${uuid}.autostart.unreadable: it is no autostart mark that this Vireo reads`] });
  expect(await load()).toEqual({ marked: [other], broken: [] });
});

test.each([
  [JSON.stringify({ version: 2, uuid }), 'it is no autostart mark that this Vireo reads'],
  [JSON.stringify({ version: 1, uuid: other }), `the file names domain ${other}`],
])('the mark %s is refused', async (text, reason) => {
  await writeFile(path.join(folder, `${uuid}.autostart`), text);
  expect((await load()).broken).toEqual([`${uuid}.autostart.unreadable: ${reason}`]);
});

test('a mark whose definition is gone is removed', async () => {
  await store.save(uuid, true);
  await rm(path.join(folder, `${uuid}.xml`));
  expect(await load()).toEqual({ marked: [], broken: [] });
  expect(await readdir(folder)).toEqual([`${other}.xml`]);
});

test('the autostart of one boot is claimed once, whatever the file held', async () => {
  expect([await store.claim('boot-1'), await store.claim('boot-1'), await store.claim('boot-2')]).toEqual([true, false, true]);
  await writeFile(path.join(folder, 'done.json'), 'torn');
  expect([await store.claim('boot-2'), await open().claim('boot-2')]).toEqual([true, false]);
  expect(await readFile(path.join(folder, 'done.json'), 'utf8')).toBe('{"version":1,"boot":"boot-2"}\n');
});

test('a mark that cannot be written names its file', async () => {
  await rm(folder, { recursive: true });
  await expect(store.save(uuid, true)).rejects.toMatchObject({ code: 'SYSTEM_ERROR', details: { path: path.join(folder, `${uuid}.autostart`) } });
});
