/** A guest that moves with its disks (I6), through every phase between two hosts. */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { lookup } from '../support/boot-guest.ts';
import { writeSectors } from '../support/boot-sector.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { LedMigration, leftoversOf, migrationOptions, type MigrationHosts, openMigrationHosts } from '../support/migration-hosts.ts';
import { canMakeCertificates, makeCertificates } from '../support/certificates.ts';
import { compared, diskXml, listeningPortsOf, patternedImage } from '../support/storage-copy.ts';

const identical = 'Images are identical.';
const hasCertificates = await canMakeCertificates();
let hosts: MigrationHosts;
let guest: LifecycleGuest;
/** Records of images that go with a run, when the guest had just begun to run at the destination. */
let removable: readonly string[] | null = null;

const here = (name: string): string => path.join(hosts.source.home, name);
const there = (name: string): string => path.join(hosts.destination.home, name);

beforeAll(async () => {
  hosts = await openMigrationHosts({ destination: { atStep: async (_operation, step) => {
    if (step === 'ran') removable = (await readdir(there('run'))).filter((name) => name.endsWith('.images.json'));
  } } });
  if (hasCertificates) await useCertificates();
  await patternedImage(here('second.qcow2'), 'qcow2', 64, ['write -P 85 0 40M', 'write -P 17 50M 3M']);
  guest = await startLifecycleGuest(hosts.source, { devices: diskXml('sdb', here('second.qcow2'), 'qcow2', "<boot order='2'/>") });
}, 60_000);

afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
  await hosts?.[Symbol.asyncDispose]();
});

/** Both hosts trust the destination's. */
async function useCertificates(): Promise<void> {
  const folder = there('pki');
  await makeCertificates(folder);
  for (const host of [hosts.source, hosts.destination]) {
    await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ migrationTlsFolder: folder, migrationTlsVerify: false }));
    await host.reopen();
  }
}

async function migration(options: MigrationOptionsInput = {}): Promise<LedMigration> {
  const { uuid, name } = await lookup(hosts.source);
  const { xml } = await hosts.source.client.call('domainGetXMLDesc', { domain: 'boot', migratable: true });
  return new LedMigration(hosts.source.client, hosts.destination.client, { uuid, name, options: migrationOptions({ copyStorage: 'all', destinationXml: xml.replaceAll(hosts.source.home, hosts.destination.home), ...options }) });
}

async function writeFrom(serial: GuestConsole, sector: number): Promise<void> {
  await serial.typeBytes(writeSectors(sector));
  await serial.waitFor(/\./);
}

/** For longer than any test takes. */
const slowly: MigrationOptionsInput = { bandwidthMiBps: 1 };

async function expectNothingMoved(): Promise<void> {
  expect(await leftoversOf(hosts.destination)).toEqual([]);
  expect((await readdir(hosts.destination.home)).filter((name) => /\.(raw|qcow2)$/.test(name))).toEqual([]);
  expect(await lookup(hosts.source)).toMatchObject({ state: 'running', jobs: { async: null } });
  await guest.obey(writeSectors(0));
}

/** Copies disks, and has copied some of them. */
async function performing(): Promise<{ readonly led: LedMigration; readonly outcome: Promise<string> }> {
  const led = await migration(slowly);
  await led.begin();
  await led.prepare();
  const outcome = led.perform().then(() => 'done', (error: Error) => error.message);
  await expect.poll(async () => (await hosts.source.client.call('domainGetJobStats', { domain: 'boot' })).statistics?.disk.processedBytes ?? 0, { timeout: 20_000 }).toBeGreaterThan(0);
  const { migration: view } = await hosts.source.client.call('domainGetMigration', { domain: 'boot' });
  expect(view?.disks).toMatchObject([{ target: 'sda', totalBytes: expect.any(Number) }, { target: 'sdb', state: expect.stringMatching(/waiting|copying/), percent: expect.any(Number) }]);
  return { led, outcome };
}

const answerOf = async (command: string): Promise<string> => (await hosts.source.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: JSON.stringify({ execute: command }) })).result;

test('is cancelled while disks are copied: the guest runs on here, and nothing is left there', async () => {
  const { led, outcome } = await performing();
  await hosts.source.client.call('domainAbortJob', { domain: 'boot' });
  expect(await outcome).toMatch(/canceled by client/);
  await led.finish(true);
  await expectNothingMoved();
}, 60_000);

test('says which disk failed when the QEMU that receives it dies, and the guest runs on here', async () => {
  const { led, outcome } = await performing();
  process.kill((await lookup(hosts.destination)).pid ?? 0, 'SIGKILL');
  expect(await outcome).toMatch(/migration of disk sd[ab] failed: .+|Lost connection/);
  await led.finish(true).catch(() => {});
  await expectNothingMoved();
}, 60_000);

test('is undone by a destination that was killed after Prepare: nothing of it is left there', async () => {
  const led = await migration();
  await led.begin();
  await led.prepare();
  expect(await readdir(hosts.destination.home)).toEqual(expect.arrayContaining(['boot.raw', 'second.qcow2']));
  await hosts.destination.reopen();
  await hosts.destination.host.driver.reconnected;
  await expect.poll(() => leftoversOf(hosts.destination), { timeout: 20_000 }).toEqual([]);
  await expectNothingMoved();
}, 60_000);

test('is undone by a source whose driver was killed while it copied', async () => {
  const { led, outcome } = await performing();
  await hosts.source.reopen();
  await outcome;
  await led.finish(true);
  await hosts.source.host.driver.reconnected;
  await expect.poll(async () => (await lookup(hosts.source)).jobs.async, { timeout: 20_000 }).toBeNull();
  expect([await answerOf('query-jobs'), await answerOf('query-named-block-nodes')]).toEqual([expect.stringContaining('"return":[]'), expect.not.stringContaining('migration-')]);
  expect(await lookup(hosts.source)).toMatchObject({ state: 'running', pid: guest.pid });
}, 60_000);

test('moves with what it wrote until the last moment, and leaves its images where they were', async () => {
  const led = await migration();
  await led.begin();
  await led.prepare();
  expect(await listeningPortsOf((await lookup(hosts.destination)).pid ?? 0)).toHaveLength(2);
  await using serial = await guestConsole(hosts.source.client, 'boot', null);
  for (let sector = 0; sector < 512; sector += 128) await writeFrom(serial, sector);
  await led.perform();
  expect(await compared(here('second.qcow2'), there('second.qcow2'), 'qcow2')).toBe(identical);
  expect((await hosts.source.client.call('domainGetMigration', { domain: 'boot' })).migration?.disks).toMatchObject([{ target: 'sda', state: 'done', percent: 100 }, { target: 'sdb', state: 'done', percent: 100 }]);
  const { cookie, id } = await led.finish();
  await led.confirm(cookie);
  expect(id).not.toBeNull();
  expect(removable, 'the disks of a guest that has run are nobody\'s to remove').toEqual([]);
  expect(await leftoversOf(hosts.source)).toEqual([]);
  expect(await lookup(hosts.destination)).toMatchObject({ state: 'running', reason: 'migrated' });
  expect(await listeningPortsOf((await lookup(hosts.destination)).pid ?? 0)).toEqual([]);
  expect(await readdir(hosts.destination.home)).toEqual(expect.arrayContaining(['boot.raw', 'second.qcow2']));
  await using arrived = await guestConsole(hosts.destination.client, 'boot', null);
  await writeFrom(arrived, 1024);
  expect(await compared(here('second.qcow2'), there('second.qcow2'), 'qcow2')).toMatch(/Content mismatch at offset 524288!/);
  for (const { client } of [hosts.source, hosts.destination]) {
    const { statistics } = await client.call('domainGetJobStats', { domain: 'boot', completed: true });
    expect(statistics).toMatchObject({ type: 'completed', disk: { totalBytes: expect.any(Number), remainingBytes: 0 } });
    expect(statistics?.disk.totalBytes).toBeGreaterThanOrEqual(11 << 20);
  }
}, 60_000);

test(`goes back in one call over the images that it left, ${hasCertificates ? 'with TLS, ' : ''}each write waited for`, async () => {
  const { destination: from, source: to } = hosts;
  const { xml } = await from.client.call('domainGetXMLDesc', { domain: 'boot', migratable: true });
  const tls = hasCertificates ? { tls: true, tlsDestination: 'localhost' } : {};
  const options = migrationOptions({ ...tls, copyStorage: 'all', copyStorageSynchronousWrites: true, destinationXml: xml.replaceAll(from.home, to.home) });
  await from.client.call('domainMigrateToURI3', { domain: 'boot', uri: hosts.uriOf(to), options });
  expect(await lookup(to)).toMatchObject({ state: 'running', reason: 'migrated' });
  expect(await compared(here('second.qcow2'), there('second.qcow2'), 'qcow2')).toBe(identical);
  expect(await leftoversOf(from)).toEqual([]);
}, 60_000);
