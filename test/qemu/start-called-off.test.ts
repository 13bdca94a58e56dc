/** A start that waits for a program beside QEMU has nothing yet that a destroy could end: it is called off. */
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuestXml, EventRecord, lookup } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';
import { processesOf } from '../crash/processes.ts';

const pathBefore = process.env['PATH'];
let host: TestHost;
let xml: string;

beforeEach(async () => {
  host = await openTestHost();
  const disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  const programs = path.join(host.home, 'programs');
  await mkdir(programs);
  await writeFile(path.join(programs, 'passt'), '#!/bin/sh\nexec sleep 600 # its socket never comes\n');
  await chmod(path.join(programs, 'passt'), 0o755);
  process.env['PATH'] = `${programs}:${pathBefore}`;
  xml = bootGuestXml(disk).replace('</devices>', "<interface type='user'><mac address='52:54:00:11:22:33'/><model type='e1000'/><backend type='passt'/></interface></devices>");
});

afterEach(async () => {
  process.env['PATH'] = pathBefore;
  await host[Symbol.asyncDispose]();
});

async function passtRuns(): Promise<boolean> {
  const record = await readFile(path.join(host.home, 'run', (await readdir(path.join(host.home, 'run'))).find((name) => name.endsWith('.side.json')) ?? ''), 'utf8').catch(() => '');
  return record.includes('"pid"');
}

test('a destroy calls the start off, which leaves nothing', async () => {
  await host.client.call('domainDefineXML', { xml });
  const events = new EventRecord(host);
  const starting = host.client.call('domainCreate', { domain: 'boot' }).then(() => 'started', (error: unknown) => error);
  await expect.poll(passtRuns, { timeout: 20_000 }).toBe(true);
  expect(await host.client.call('domainDestroy', { domain: 'boot' })).toBeNull();
  expect(await starting).toMatchObject({ code: 'OPERATION_ABORTED', message: expect.stringContaining('the domain was destroyed while it was starting') });
  expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed', pid: null });
  expect(events.told).toEqual([]); // nobody was told of a run that never began
  expect(await processesOf(host.home)).toEqual([]);
  expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
  await expect(host.client.call('domainDestroy', { domain: 'boot' })).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
});
