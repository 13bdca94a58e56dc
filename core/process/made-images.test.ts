import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../base/log.ts';
import { discardMadeFiles, fileIdentity, keepMadeFiles, type MadeFile, writeMadeFiles } from './made-images.ts';

let folder: string;
let runFolder: string;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-made-');
  runFolder = path.join(folder, 'run');
});
afterEach(async () => await rm(folder, { recursive: true }));

async function made(name: string, content = 'x'): Promise<MadeFile> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return { file, kind: 'image', identity: fileIdentity(await stat(file, { bigint: true })) };
}

const left = (): Promise<readonly string[]> => readdir(folder);

test('goes with its record', async () => {
  await writeMadeFiles(runFolder, [await made('one'), await made('two')]);
  await discardMadeFiles(runFolder, silentLog);
  expect(await left()).toEqual([]);
});

test('stays once the guest is about to run', async () => {
  await writeMadeFiles(runFolder, [await made('one')]);
  await keepMadeFiles(runFolder);
  await discardMadeFiles(runFolder, silentLog);
  expect(await left()).toEqual(['one']);
});

test("another file in its place is not ours, and neither is one that holds something and was not said to be made", async () => {
  const one = await made('one');
  await writeFile(path.join(folder, 'other'), 'theirs');
  await rename(path.join(folder, 'other'), one.file);
  await writeFile(path.join(folder, 'two'), 'theirs');
  await writeFile(path.join(folder, 'three'), '');
  await writeMadeFiles(runFolder, [one, { file: path.join(folder, 'two'), kind: 'image', identity: null }, { file: path.join(folder, 'three'), kind: 'image', identity: null }, { file: path.join(folder, 'two'), kind: 'socket', identity: null }]);
  await discardMadeFiles(runFolder, silentLog);
  expect(await left()).toEqual(['one', 'two']);
});

test('a record that makes no sense removes nothing, and nothing to remove is fine', async () => {
  await discardMadeFiles(runFolder, silentLog);
  await made('one');
  await writeFile(`${runFolder}.images.json`, 'no');
  await discardMadeFiles(runFolder, silentLog);
  expect(await left()).toContain('one');
});
