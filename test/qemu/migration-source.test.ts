/** The source's side of a migration: what is sent, how it is steered and cancelled, and what is left of one that fails. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type MigrationOptionsInput, migrationOptionsSchema } from '../../core/migration/migration-options.ts';
import { defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { beginSlowly, forgetGuests, goesOn, startDirtyGuest } from '../support/migration-guest.ts';
import { LedMigration, type MigrationHosts, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';
import type { TestHost } from '../support/open-test-host.ts';

let hosts: MigrationHosts;
beforeAll(async () => {
  hosts = await openMigrationHosts();
}, 60_000);
afterEach(() => forgetGuests(hosts));
afterAll(() => hosts[Symbol.asyncDispose]());

/** What QEMU is set to that a next migration or a save would inherit. */
async function settingsOf({ client }: TestHost): Promise<unknown> {
  const ask = async (execute: string): Promise<unknown> => JSON.parse((await client.call('qemuDomainMonitorCommand', { domain: 'boot', command: JSON.stringify({ execute }) })).result).return;
  const parameters = (await ask('query-migrate-parameters')) as Record<string, unknown>;
  return { parameters: { ...parameters, 'tls-creds': '', 'tls-hostname': '' }, capabilities: await ask('query-migrate-capabilities') };
}

test('a migration that is cancelled on its way leaves the guest running as before, and nothing of it set', async () => {
  const { source } = hosts;
  const of = await startDirtyGuest(source);
  const before = await settingsOf(source);
  const { led, performing } = await beginSlowly(hosts, of, { maxDowntimeMs: 77, autoConverge: true, compressed: true });
  for (const on of [false, true]) await source.client.call('domainMigrateSetAutoConverge', { domain: 'boot', on });
  await source.client.call('domainAbortJob', { domain: 'boot' });
  expect((await performing)?.message).toBe('operation aborted: migration out job: canceled by client');
  await led.finish(true).catch(() => {}); // it may have seen the end of the stream before
  expect(await lookup(source)).toMatchObject({ state: 'running', jobs: { async: null } });
  expect(await settingsOf(source)).toEqual(before);
  await goesOn(source);
  expect(await source.client.call('domainGetJobStats', { domain: 'boot', completed: true })).toMatchObject({ statistics: { type: 'cancelled', success: false, memory: { totalBytes: expect.any(Number) as number } } });
}, 60_000);

test('speed is steered on the way: what crawls is let go, and is over', async () => {
  const { source, destination } = hosts;
  const of = await startDirtyGuest(source);
  await source.client.call('domainMigrateSetMaxSpeed', { domain: 'boot', bandwidthMiBps: 3 });
  expect(await source.client.call('domainMigrateGetMaxSpeed', { domain: 'boot' })).toEqual({ bandwidthMiBps: 3 });
  await source.client.call('domainMigrateSetMaxDowntime', { domain: 'boot', downtimeMs: 2_000 });
  const { led, performing } = await beginSlowly(hosts, of, { bandwidthMiBps: null });
  expect(await source.client.call('domainGetMigration', { domain: 'boot' })).toMatchObject({ migration: { side: 'source', outcome: 'running', bandwidthMiBps: 3, maxDowntimeMs: 2_000 } });
  await source.client.call('domainMigrateSetMaxDowntime', { domain: 'boot', downtimeMs: 20_000 });
  await source.client.call('domainMigrateSetMaxSpeed', { domain: 'boot', bandwidthMiBps: 0 });
  expect(await performing).toBe(null);
  expect(await lookup(source)).toMatchObject({ state: 'paused', reason: 'migrating', jobs: { async: { kind: 'migration-out', phase: 'perform3_done' } } });
  await expect(source.client.call('domainAbortJob', { domain: 'boot' })).rejects.toThrow(/cannot abort migration/);
  const { cookie } = await led.finish();
  await led.confirm(cookie);
  expect(await lookup(source)).toMatchObject({ state: 'shut off', reason: 'migrated' });
  expect(await lookup(destination)).toMatchObject({ state: 'running', reason: 'migrated' });
  await goesOn(destination);
}, 60_000);

test('a guest that its user suspends on the way goes over standing still', async () => {
  const of = await startDirtyGuest(hosts.source);
  const { led, performing } = await beginSlowly(hosts, of);
  await hosts.source.client.call('domainSuspend', { domain: 'boot' });
  await hosts.source.client.call('domainMigrateSetMaxSpeed', { domain: 'boot', bandwidthMiBps: 100 });
  expect(await performing).toBe(null); // what stands still converges
  expect(await lookup(hosts.source)).toMatchObject({ state: 'paused', reason: 'user' });
  const { cookie } = await led.finish();
  await led.confirm(cookie);
}, 60_000);

test('post-copy by hand: refused where the migration was begun without, else the rest is fetched by the guest that runs there', async () => {
  const { source, destination } = hosts;
  const of = await startDirtyGuest(source);
  await expect(source.client.call('domainMigrateStartPostCopy', { domain: 'boot' })).rejects.toThrow('post-copy can only be started while outgoing migration is in progress');
  const { led, performing } = await beginSlowly(hosts, of, { postcopy: true });
  await source.client.call('domainMigrateStartPostCopy', { domain: 'boot' });
  expect(await performing).toBe(null);
  expect(await lookup(source)).toMatchObject({ state: 'paused', reason: 'post-copy' });
  await expect(source.client.call('domainAbortJob', { domain: 'boot' })).rejects.toThrow('cannot abort migration in post-copy mode');
  const { cookie } = await led.finish();
  await led.confirm(cookie);
  expect(await lookup(source)).toMatchObject({ state: 'shut off', reason: 'migrated' });
  expect(await waitForState(destination, 'running')).toMatchObject({ state: 'running' });
}, 60_000);

test('a destination whose QEMU dies on the way costs the guest nothing', async () => {
  const { source, destination } = hosts;
  const of = await startDirtyGuest(source);
  const { performing } = await beginSlowly(hosts, of);
  const [there] = destination.host.runningDomains();
  process.kill(there?.pid ?? 0, 'SIGKILL');
  expect((await performing)?.message).toMatch(/^operation failed: job 'migration out' failed: |^operation failed: job 'migration out' unexpectedly failed/);
  expect(await lookup(source)).toMatchObject({ state: 'running', jobs: { async: null } });
}, 60_000);

test('who asks for the end before anything is sent is heard as soon as Perform begins', async () => {
  const { source, destination } = hosts;
  const of = await startDirtyGuest(source);
  const led = new LedMigration(source.client, destination.client, { ...of, options: migrationOptions({ changeProtection: true }) });
  await led.begin();
  await led.prepare();
  await source.client.call('domainAbortJob', { domain: 'boot' });
  await expect(led.perform()).rejects.toThrow('migration out job: canceled by client');
  expect(await lookup(source)).toMatchObject({ state: 'running', jobs: { async: null } });
  await led.finish(true);
}, 60_000);

test('a disk that only this host has keeps the guest here, unless the user takes the risk', async () => {
  const host = hosts.source;
  await defineBootGuest(host);
  await host.client.call('domainCreate', { domain: 'boot' });
  const begin = (options: MigrationOptionsInput): Promise<unknown> => host.client.call('domainMigrateBegin3Params', { domain: 'boot', options: migrationOptionsSchema.parse(options) });
  await expect(begin({ live: true })).rejects.toThrow('Unsafe migration: Migration without shared storage is unsafe');
  await expect(begin({ live: true, postcopy: true, unsafe: true, paused: true })).rejects.toThrow('post-copy migration is not supported with non-live or paused migration');
  await expect(begin({ offline: true })).rejects.toThrow('offline migration must be specified with the persistent flag set');
  await expect(begin({ live: true, unsafe: true })).resolves.toMatchObject({ xml: expect.stringContaining("<name>boot</name>") as string });
  await expect(begin({ live: true, copyStorage: 'all' })).resolves.toMatchObject({ cookie: expect.stringMatching(/<nbd>.*<disk target='sda' capacity='1048576'\/>/s) as string });
}, 60_000);

test('a destination that hangs keeps nobody from calling the migration off', async () => {
  const { source, destination } = hosts;
  const { performing } = await beginSlowly(hosts, await startDirtyGuest(source), { bandwidthMiBps: 4 });
  const pid = destination.host.runningDomains()[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await source.client.call('domainAbortJob', { domain: 'boot' });
  expect((await performing)?.message).toBe('operation aborted: migration out job: canceled by client');
  expect(await lookup(source)).toMatchObject({ state: 'running', jobs: { async: null } });
  await goesOn(source);
  process.kill(pid, 'SIGKILL');
}, 60_000);
