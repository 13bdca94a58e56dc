/** Guests that come through a tunnel, and guests that run before all of them is here. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineBootGuest, EventRecord, lookup } from '../support/boot-guest.ts';
import { linkTo } from '../support/cut-link.ts';
import { goesOn, startDirtyGuest, until } from '../support/migration-guest.ts';
import { LedMigration, leftoversOf, type MigrationHosts, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';

let hosts: MigrationHosts;
beforeAll(async () => {
  hosts = await openMigrationHosts();
}, 60_000);
afterAll(() => hosts[Symbol.asyncDispose]());

test('a guest comes through the connection between the hosts alone', async () => {
  const { source, destination } = hosts;
  await defineBootGuest(source, { name: 'tunnelled', uuid: randomUUID() });
  await source.client.call('domainCreate', { domain: 'tunnelled' });
  await source.client.call('domainMigrateToURI3', { domain: 'tunnelled', uri: hosts.uriOf(destination), options: migrationOptions({ tunnelled: true }) });
  expect(await lookup(destination, 'tunnelled')).toMatchObject({ state: 'running' });
  await destination.client.call('domainDestroy', { domain: 'tunnelled' });
  expect(await leftoversOf(destination)).toEqual([]);
  expect(await leftoversOf(source)).toEqual([]);
}, 60_000);

test('a link that breaks in post-copy costs nothing: the guest waits for the rest, which comes when somebody resumes', async () => {
  const { source, destination } = hosts;
  const of = await startDirtyGuest(source, { name: 'fetched' });
  const events = new EventRecord(destination);
  const options = { postcopy: true, postcopyBandwidthMiBps: 1, changeProtection: true } as const;
  const led = new LedMigration(source.client, destination.client, { ...of, options: migrationOptions({ ...options, bandwidthMiBps: 2 }) });
  await led.begin();
  await led.prepare();
  await using link = await linkTo(Number(/:(\d+)$/.exec(led.prepared.uri)?.[1]));
  led.prepared = { ...led.prepared, uri: `tcp:127.0.0.1:${link.port}` };
  const performing = led.perform().then(() => null, (error: unknown) => error as Error);
  await until(async () => ((await source.client.call('domainGetJobStats', { domain: of.uuid })).statistics?.memory.processedBytes ?? 0) > 100_000);
  await source.client.call('domainMigrateStartPostCopy', { domain: of.uuid });
  expect(await performing).toBe(null);
  const finishing = led.finish().then(() => null, (error: unknown) => error as Error);
  await until(async () => (await lookup(destination, 'fetched').catch(() => null))?.reason === 'post-copy');
  link.cut();
  expect((await finishing)?.message).toMatch(/the connection to the source was lost in post-copy/);
  expect(await lookup(destination, 'fetched')).toMatchObject({ state: 'running', reason: 'post-copy failed', jobs: { async: { kind: 'migration-in', phase: 'postcopy_failed' } } });
  await led.confirm('', true).catch(() => {}); // it is told that this is not the end either
  const resumed = new LedMigration(source.client, destination.client, { uuid: of.uuid, name: of.name, options: migrationOptions({ ...options, postcopyResume: true }) });
  await until(() => resumed.begin().then(() => true, () => false)); // the source may have to see first that the link is gone
  await resumed.prepare();
  expect(await lookup(destination, 'fetched')).toMatchObject({ jobs: { async: { phase: 'prepare_resume' } } });
  await resumed.perform();
  await source.client.call('domainMigrateSetMaxSpeed', { domain: of.uuid, bandwidthMiBps: 0, postcopy: true });
  const { cookie } = await resumed.finish();
  expect(await lookup(destination, 'fetched')).toMatchObject({ state: 'running', reason: 'migrated', jobs: { async: null } });
  await resumed.confirm(cookie);
  expect(events.told).toEqual(['started/migrated', 'resumed/migrated', 'resumed/postcopy', 'resumed/postcopy-failed', 'resumed/postcopy', 'resumed/migrated']);
  await goesOn(destination, 'fetched');
  expect(await leftoversOf(source)).toEqual([]);
  await destination.client.call('domainDestroy', { domain: 'fetched' });
  expect(await leftoversOf(destination)).toEqual([]);
}, 90_000);
