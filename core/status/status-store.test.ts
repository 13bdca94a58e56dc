import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureRecord } from '../../test/support/status-fixture.ts';
import type { StatusRecord } from './status-file.ts';
import { StatusStore } from './status-store.ts';

const uuid = '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01';
const other = '1f0e2d3c-4b5a-4968-8776-655443322110';
let folder: string;
let store: StatusStore;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  store = new StatusStore(folder);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function record(changes: Partial<StatusRecord> = {}): StatusRecord {
  return fixtureRecord(uuid, changes);
}

test('what was saved is loaded', async () => {
  await store.save(uuid, () => record());
  expect(await store.load()).toEqual({ records: [record()], broken: [], setAside: [] });
});

test('callers that wait share one write of the newest state', async () => {
  let id = 0;
  const asked: number[] = [];
  const save = (): Promise<void> => store.save(uuid, () => {
    asked.push((id += 1));
    return record({ id });
  });
  await Promise.all([save(), save(), save(), save()]);
  expect(asked).toEqual([1, 2]);
  expect((await store.load()).records).toMatchObject([{ id: 2 }]);
});

test('a removal that comes after a save leaves nothing, and a save after it leaves the new state', async () => {
  await Promise.all([store.save(uuid, () => record()), store.remove(uuid)]);
  expect(await readdir(folder)).toEqual([]);
  await Promise.all([store.remove(uuid), store.save(uuid, () => record({ id: 2 }))]);
  expect((await store.load()).records).toMatchObject([{ id: 2 }]);
});

test('a save that fails is told, and hinders no later one', async () => {
  await expect(store.save(uuid, () => expect.unreachable('no record'))).rejects.toThrow('no record');
  await store.save(uuid, () => record());
  expect((await store.load()).records).toHaveLength(1);
});

test.each(['', '{"version": 1,', '{"version": 2}', JSON.stringify(fixtureRecord(other))])('the file %j is set aside for good and hides no other', async (content) => {
  const damaged = path.join(folder, `${uuid}.json`);
  await writeFile(damaged, content);
  await store.save(other, () => fixtureRecord(other));
  const { records, broken, setAside } = await store.load();
  expect([records.map((each) => each.uuid), broken, setAside]).toEqual([[other], [{ path: `${damaged}.unreadable`, reason: expect.any(String) }], [uuid]]);
  expect(await readFile(`${damaged}.unreadable`, 'utf8')).toBe(content);
  expect(await store.load()).toMatchObject({ broken: [], setAside: [uuid] });
});
