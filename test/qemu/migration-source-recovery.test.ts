/** A source whose driver ends in the middle of a migration, and another one that finds it: by the phase that is on disk (I12). */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { lookup, waitForState } from '../support/boot-guest.ts';
import { beginSlowly, forgetGuests, goesOn, startDirtyGuest, until } from '../support/migration-guest.ts';
import { LedMigration, type MigrationHosts, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';
import type { TestHost } from '../support/open-test-host.ts';

let hosts: MigrationHosts;
beforeAll(async () => {
  hosts = await openMigrationHosts();
}, 60_000);
afterEach(() => forgetGuests(hosts));
afterAll(() => hosts[Symbol.asyncDispose]());

/** What stands on disk is as it was at this moment, whatever the host still does as it closes. @param phase where it came a little further. */
async function endAsIfKilled(host: TestHost, phase = 'perform3_done'): Promise<void> {
  const folders = ['run', 'status'].map((name) => path.join(host.home, name));
  const files = (await Promise.all(folders.map(async (folder) => (await readdir(folder)).filter((name) => name.endsWith('.json') || folder.endsWith('status')).map((name) => path.join(folder, name))))).flat();
  const kept = await Promise.all(files.map(async (file) => ({ file, bytes: await readFile(file) })));
  // Its client's end is the migration's: whatever comes of that is written before the host is gone, and then written over.
  const watcher = host.host.client('a watcher');
  host.client.close();
  await until(async () => (await watcher.call('domainLookup', { domain: 'boot' })).jobs.async === null);
  await host.close();
  for (const { file, bytes } of kept) await writeFile(file, bytes.toString().replace('"perform3_done"', `"${phase}"`));
}

/** All is sent. */
async function sent(options: MigrationOptionsInput = {}): Promise<LedMigration> {
  const { source, destination } = hosts;
  const of = await startDirtyGuest(source);
  const led = new LedMigration(source.client, destination.client, { ...of, options: migrationOptions({ changeProtection: true, ...options }) });
  await led.begin();
  await led.prepare();
  await led.perform();
  return led;
}

/** All is sent, and the driver that sent it is gone. */
async function sentAndReopened(): Promise<LedMigration> {
  const { source } = hosts;
  const led = await sent();
  await endAsIfKilled(source);
  await source.open();
  await until(async () => typeof (await lookup(source)).jobs.async?.parkedUntilMs === 'number');
  expect(await lookup(source)).toMatchObject({ state: 'paused', jobs: { async: { kind: 'migration-out', phase: 'perform3_done' } } });
  return led;
}

test('while memory is sent: it is called off, and the guest runs on here', async () => {
  const { source } = hosts;
  const { led, performing } = await beginSlowly(hosts, await startDirtyGuest(source), { live: true });
  await source.close();
  expect(await performing).not.toBe(null);
  await source.open();
  await until(async () => (await lookup(source)).jobs.async === null);
  expect(await waitForState(source, 'running')).toMatchObject({ state: 'running' });
  await goesOn(source);
  await led.finish(true).catch(() => {});
}, 60_000);

test('after all was sent: it waits for somebody who knows; who calls the migration off has the guest run here', async () => {
  const led = await sentAndReopened();
  await led.finish(true).catch(() => {});
  await hosts.source.client.call('domainAbortJob', { domain: 'boot' });
  await waitForState(hosts.source, 'running');
  await until(async () => (await lookup(hosts.source)).jobs.async === null);
  await goesOn(hosts.source);
}, 60_000);

test('after all was sent: who resumes the guest has decided, too', async () => {
  const led = await sentAndReopened();
  await led.finish(true).catch(() => {});
  await hosts.source.client.call('domainResume', { domain: 'boot' });
  await until(async () => (await lookup(hosts.source)).jobs.async === null);
  expect(await lookup(hosts.source)).toMatchObject({ state: 'running' });
}, 60_000);

test('after all was sent: a client that leads may still confirm', async () => {
  const led = await sentAndReopened();
  const { cookie } = await led.finish();
  const again = new LedMigration(hosts.source.client, hosts.destination.client, { ...(await lookup(hosts.source)), options: migrationOptions({ changeProtection: true }) });
  await again.confirm(cookie);
  expect(await lookup(hosts.source)).toMatchObject({ state: 'shut off', reason: 'migrated' });
  expect(await lookup(hosts.destination)).toMatchObject({ state: 'running' });
}, 60_000);

test('once the destination was told: it is gone from here, and its definition where that was asked for', async () => {
  const { source, destination } = hosts;
  const led = await sent({ undefineSource: true });
  await led.finish();
  await endAsIfKilled(source, 'confirm3');
  await source.open();
  await until(async () => (await source.client.call('connectListAllDomains', {})).domains.length === 0);
  expect(await lookup(destination)).toMatchObject({ state: 'running' });
}, 60_000);

test('once the destination has said that it does not have it: it goes on here', async () => {
  const { source } = hosts;
  const led = await sent();
  await led.finish(true);
  await endAsIfKilled(source, 'confirm3_cancelled');
  await source.open();
  await waitForState(source, 'running');
  await until(async () => (await lookup(source)).jobs.async === null);
  await goesOn(source);
}, 60_000);
