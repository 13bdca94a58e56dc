import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootId } from '../base/process-identity.ts';
import { silentLog } from '../base/log.ts';
import { defaultHostSettings } from '../status/host-settings.ts';
import { sweepLeases } from './sweep-leases.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A lease that nobody holds, with the record of a process that ended. */
async function leave(name: string, words: object = {}): Promise<void> {
  await writeFile(path.join(folder, name), '');
  const holder = { version: 1, image: '/image', target: 'vda', mode: 'exclusive', domain: { name: 'web-1', uuid: '1' }, pid: process.pid, startTime: 'long ago', bootId: await bootId(), hostName: hostname(), stateFolder: '/state', sinceMs: 0, ...words };
  await writeFile(path.join(folder, `${name}.abcdef.json`), JSON.stringify(holder));
}

const sweep = (stateFolder: string): Promise<void> => sweepLeases({ settings: { ...defaultHostSettings, leaseFolder: folder }, stateFolder, log: silentLog });

test('what killed drivers have left goes, also of state folders that no driver opens again', async () => {
  await leave('file-1-1.lease');
  await leave('file-1-2.lease', { stateFolder: '/gone' });
  await writeFile(path.join(folder, 'file-1-3.metadata'), '');
  await sweep('/state');
  expect(await readdir(folder)).toEqual([]);
});

test('what another computer has in the folder stays', async () => {
  await leave('file-1-1.lease', { hostName: 'elsewhere' });
  await sweep('/state');
  expect(await readdir(folder)).toHaveLength(2);
});
