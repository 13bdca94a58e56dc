/** The ways in which memory goes over, each as the user asks for it: what QEMU was told, and that the guest goes on there. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { canMakeCertificates, makeCertificates } from '../support/certificates.ts';
import { forgetGuests, goesOn, startDirtyGuest } from '../support/migration-guest.ts';
import { LedMigration, type MigrationHosts, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';

let hosts: MigrationHosts;
beforeAll(async () => {
  hosts = await openMigrationHosts();
}, 60_000);
afterEach(() => forgetGuests(hosts));
afterAll(() => hosts[Symbol.asyncDispose]());

async function migrate({ source, destination }: MigrationHosts, options: MigrationOptionsInput): Promise<void> {
  const { uuid, name } = await lookup(source);
  await new LedMigration(source.client, destination.client, { uuid, name, options: migrationOptions({ maxDowntimeMs: 20_000, ...options }) }).all();
  expect(await lookup(destination)).toMatchObject({ state: 'running' });
  await goesOn(destination);
}

async function thereAndBack(hosts: MigrationHosts, there: MigrationOptionsInput, back: MigrationOptionsInput): Promise<void> {
  await startDirtyGuest(hosts.source);
  await migrate(hosts, { persistDestination: true, undefineSource: true, ...there });
  await migrate({ ...hosts, source: hosts.destination, destination: hosts.source }, { persistDestination: true, undefineSource: true, ...back });
}

test('in parallel, compressed with zstd; back with XBZRLE', async () => {
  await thereAndBack(hosts, { parallel: true, parallelConnections: 3, compressionMethods: ['zstd'], compressionZstdLevel: 2 }, { compressed: true, compressionMethods: ['xbzrle'], compressionXbzrleCacheBytes: 16 << 20 });
}, 60_000);

test('standing still; back with threads that compress', async () => {
  await thereAndBack(hosts, { live: false }, { live: false, compressionMethods: ['mt'], compressionMtThreads: 2 });
}, 60_000);

test('spice clients are told where the guest goes before it does, and the source waits until they are there', async () => {
  const { source, destination } = hosts;
  const disk = path.join(source.home, 'spice.raw');
  await writeFile(disk, bootSectorImage());
  const screen = "<graphics type='spice' autoport='yes' listen='127.0.0.1'/><video><model type='vga'/></video></devices>";
  await source.client.call('domainDefineXML', { xml: bootGuestXml(disk).replace('</devices>', screen) });
  await source.client.call('domainCreate', { domain: 'boot' });
  const { uuid, name } = await lookup(source);
  await new LedMigration(source.client, destination.client, { uuid, name, options: migrationOptions() }).all();
  const commands = source.log.filter((line) => /command=(client_migrate_info|migrate) /.test(line)).map((line) => /command=(\w+)/.exec(line)?.[1]);
  expect(commands.slice(-2)).toEqual(['client_migrate_info', 'migrate']);
  expect(await lookup(destination)).toMatchObject({ state: 'running' });
}, 60_000);

test.skipIf(!(await canMakeCertificates()))('over TLS, with the certificate of the host that it is; another one ends it and the guest stays', async () => {
  const { source, destination } = hosts;
  const folder = path.join(destination.home, 'pki');
  await makeCertificates(folder);
  for (const host of [source, destination]) {
    await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ migrationTlsFolder: folder, migrationTlsVerify: false }));
    await host.reopen();
  }
  await startDirtyGuest(source);
  const { uuid, name } = await lookup(source);
  const wrong = new LedMigration(source.client, destination.client, { uuid, name, options: migrationOptions({ tls: true, tlsDestination: 'somebody.else', changeProtection: true }) });
  await expect(wrong.all()).rejects.toThrow(/job 'migration out' failed: .*[Cc]ertificate/);
  expect(await lookup(source)).toMatchObject({ state: 'running', jobs: { async: null } });
  await wrong.finish(true).catch(() => {});
  await migrate(hosts, { tls: true, tlsDestination: 'localhost' });
}, 60_000);
