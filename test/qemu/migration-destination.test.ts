/** The destination's side of a migration: what Prepare makes, Finish takes over, and every other end leaves nothing of. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, defineBootGuest, EventRecord, lookup, waitForState } from '../support/boot-guest.ts';
import { leaseRecordsOf } from '../support/left-leases.ts';
import { LedMigration, leftoversOf, type MigrationHosts, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';
import { qemuProcessesOf, type TestHost } from '../support/open-test-host.ts';

let hosts: MigrationHosts;
let source: TestHost;
let destination: TestHost;
let leader: Client;
/** A step of the destination that fails. */
let fatal = '';

beforeAll(async () => {
  hosts = await openMigrationHosts({
    destination: {
      atStep: (operation, step) => {
        if (`${operation} ${step}` === fatal) throw new Error(`it fails at ${step}`);
      },
    },
  });
  ({ source, destination } = hosts);
}, 60_000);

afterAll(() => hosts[Symbol.asyncDispose]());

beforeEach(() => void (leader = source.host.client('whoever leads')));

/** Whatever a test did, nothing of it may be there afterwards. */
afterEach(async () => {
  leader.close();
  fatal = '';
  for (const host of [source, destination]) {
    for (const { uuid, id } of (await host.client.call('connectListAllDomains', {})).domains) {
      if (id !== null) await host.client.call('domainDestroy', { domain: uuid });
    }
    await expect.poll(() => leftoversOf(host), { timeout: 10_000 }).toEqual([]);
    for (const { uuid } of (await host.client.call('connectListAllDomains', {})).domains) await host.client.call('domainUndefine', { domain: uuid });
  }
}, 60_000);

/** A guest that runs on the source, and a migration of it that has begun. */
async function begun(name: string, input: MigrationOptionsInput = {}, client = destination.client): Promise<{ readonly led: LedMigration; readonly uuid: string; readonly disk: string }> {
  const uuid = randomUUID();
  const disk = await defineBootGuest(source, { name, uuid });
  await source.client.call('domainCreate', { domain: name });
  const led = new LedMigration(leader, client, { uuid, name, options: migrationOptions(input) });
  await led.begin();
  return { led, uuid, disk };
}

async function prepared(name: string, input: MigrationOptionsInput = {}, client = destination.client): Promise<{ readonly led: LedMigration; readonly uuid: string; readonly disk: string }> {
  const migration = await begun(name, input, client);
  await migration.led.prepare();
  return migration;
}

const portsTaken = (): readonly number[] => destination.host.driver.migration.ports.taken;

/** What is there of the domain on the destination, and what of its migration's port. */
async function nothingIsLeft(uuid: string): Promise<void> {
  await expect.poll(() => leftoversOf(destination), { timeout: 20_000 }).toEqual([]);
  await expect(destination.client.call('domainLookup', { domain: uuid })).rejects.toMatchObject({ code: 'NO_DOMAIN' });
  await expect.poll(portsTaken, { timeout: 20_000 }).toEqual([]);
}

const portOf = ({ prepared: { uri } }: LedMigration): number => Number(/:(\d+)$/.exec(uri)?.[1]);

test('a guest arrives: it is kept where that was asked for, told in order, and the time that it stood still is known there', async () => {
  const { led } = await begun('arrives', { persistDestination: true, undefineSource: true });
  const events = new EventRecord(destination);
  await led.prepare();
  expect(await lookup(destination, 'arrives')).toMatchObject({ state: 'paused', reason: 'migrating', persistent: false, jobs: { async: { kind: 'migration-in', phase: 'prepare' } }, migration: { side: 'destination', activity: 'Receiving' } });
  await led.perform();
  const { cookie, id } = await led.finish();
  expect(id).toBeGreaterThan(0);
  expect(await lookup(destination, 'arrives')).toMatchObject({ state: 'running', reason: 'migrated', persistent: true, pendingChanges: false, jobs: { async: null } });
  const { statistics } = await destination.client.call('domainGetJobStats', { domain: 'arrives', completed: true });
  expect(statistics).toMatchObject({ type: 'completed', operation: 'migration in', success: true });
  expect(statistics?.downtimeMs).toBeGreaterThanOrEqual(0);
  expect(statistics?.elapsedNetMs).toBeGreaterThanOrEqual(statistics?.downtimeMs ?? 0);
  expect(cookie).toContain(`<downtime>${statistics?.downtimeMs}</downtime>`);
  await led.confirm(cookie);
  expect(events.told).toEqual(['defined/added', 'started/migrated', 'resumed/migrated']);
  expect(await leftoversOf(source)).toEqual([]);
}, 60_000);

test('a guest that is renamed and paused on the way has its name from Prepare, and stays paused', async () => {
  const { led } = await begun('old', { destinationName: 'new', paused: true });
  const events = new EventRecord(destination);
  await led.prepare();
  expect(await lookup(destination, 'new')).toMatchObject({ name: 'new', state: 'paused' });
  await led.perform();
  const { cookie } = await led.finish();
  expect(await lookup(destination, 'new')).toMatchObject({ state: 'paused', reason: 'user', persistent: false });
  expect(events.told).toEqual(['started/migrated', 'suspended/paused']);
  await led.confirm(cookie);
  // QEMU 7.2 would not survive that with images that nobody has activated.
  const { uuid } = await lookup(destination, 'new');
  await new LedMigration(destination.client, source.client, { uuid, name: 'new', options: migrationOptions({ destinationName: 'old', paused: true }) }).all();
  expect(await lookup(source, 'old')).toMatchObject({ state: 'paused', reason: 'user' });
  await source.client.call('domainResume', { domain: 'old' });
  expect(await lookup(source, 'old')).toMatchObject({ state: 'running' });
}, 60_000);

test('what called off leaves nothing, and what was defined before stays as it was', async () => {
  const { led, uuid, disk } = await begun('stays');
  await destination.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'stays', uuid, memoryMiB: 16 }).replace('</name>', '</name><title>mine</title>') });
  const events = new EventRecord(destination);
  await led.prepare();
  expect(portsTaken()).toEqual([portOf(led)]);
  expect(await led.finish(true)).toEqual({ cookie: '', id: null });
  expect(await leftoversOf(destination)).toEqual([]);
  expect(await lookup(destination, 'stays')).toMatchObject({ state: 'shut off', persistent: true, title: 'mine' });
  expect(events.told).toEqual([]);
  expect(portsTaken()).toEqual([]);
  // Once more: nobody has anything to call off any more, and that is no error.
  expect(await led.finish(true)).toEqual({ cookie: '', id: null });
  expect(await lookup(source, 'stays')).toMatchObject({ state: 'running' });
}, 60_000);

test('the end of the client that leads is the end of what it has prepared', async () => {
  const client = destination.host.client('a client that leads');
  const { uuid } = await prepared('left', {}, client);
  client.close();
  await nothingIsLeft(uuid);
}, 60_000);

test('a host that closes ends what was on its way to it', async () => {
  const { uuid } = await prepared('closing');
  await destination.close();
  expect(await qemuProcessesOf(path.join(destination.home, 'run'))).toEqual([]);
  await destination.open();
  await nothingIsLeft(uuid);
}, 60_000);

test('a client that led and left after Finish takes no guest with it', async () => {
  const client = destination.host.client('a client that leads');
  const { led } = await prepared('outlives', {}, client);
  await led.perform();
  const { cookie } = await led.finish();
  client.close();
  await led.confirm(cookie);
  // Another client's call comes after what the closing has begun.
  await destination.client.call('domainSuspend', { domain: 'outlives' });
  expect(await lookup(destination, 'outlives')).toMatchObject({ state: 'paused', reason: 'user' });
}, 60_000);

test.each(['transient', 'persistent'])('the death of QEMU between Prepare and Finish is the end of the migration of a %s domain', async (kind) => {
  const { led, uuid, disk } = await begun('dies');
  if (kind === 'persistent') await destination.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'dies', uuid }) });
  await led.prepare();
  process.kill((await lookup(destination, 'dies')).pid as number, 'SIGKILL');
  if (kind === 'transient') await nothingIsLeft(uuid);
  else await expect.poll(async () => ({ ...(await lookup(destination, 'dies')).jobs, state: (await lookup(destination, 'dies')).state }), { timeout: 20_000 }).toMatchObject({ async: null, state: 'shut off' });
  // Who finishes is told what became of it.
  await expect(led.finish()).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: expect.stringContaining("QEMU unexpectedly closed the monitor (vm='dies')") as string });
}, 60_000);

test('a destroy ends a guest on its way, and is told', async () => {
  const { led, uuid } = await begun('destroyed');
  const events = new EventRecord(destination);
  await led.prepare();
  await expect(destination.client.call('domainAbortJob', { domain: uuid })).rejects.toThrow('cannot abort incoming migration; use virDomainDestroy instead');
  await destination.client.call('domainDestroy', { domain: uuid });
  await nothingIsLeft(uuid);
  expect(events.told).toEqual(['stopped/destroyed']);
}, 60_000);

test('what cannot come is refused before anything is made', async () => {
  const { led, uuid, disk } = await begun('refused');
  const { xml, cookie } = led.begun;
  const prepare = (changes: Partial<{ uuid: string; name: string; xml: string; cookie: string; options: ReturnType<typeof migrationOptions> }>): Promise<unknown> => destination.client.call('domainMigratePrepare3Params', { uuid, name: 'refused', xml, cookie, options: migrationOptions(), ...changes });
  const { hostUuid } = await destination.client.call('connectGetHostname', {});
  await expect(prepare({ cookie: cookie.replace(/<hostuuid>.*<\/hostuuid>/, `<hostuuid>${hostUuid}</hostuuid>`) })).rejects.toThrow(/Attempt to migrate guest to the same host/);
  await expect(prepare({ cookie: cookie.replace('<hostname>', "<feature name='teleport'/><hostname>") })).rejects.toThrow(/teleport/);
  await expect(prepare({ cookie: cookie.replace('<name>refused</name>', '<name>other</name>') })).rejects.toThrow(/unexpected name other vs refused/);
  await expect(prepare({ options: migrationOptions({ destinationName: 'a/b' }) })).rejects.toMatchObject({ code: 'XML_ERROR' });
  await expect(prepare({ options: migrationOptions({ uri: 'rdma:host' }) })).rejects.toThrow(/unsupported scheme rdma/);
  await expect(prepare({ xml: xml.replace(/<uuid>.*<\/uuid>/, `<uuid>${randomUUID()}</uuid>`) })).rejects.toMatchObject({ code: 'INVALID_ARG' });
  const other = await writeImage('other');
  await destination.client.call('domainDefineXML', { xml: bootGuestXml(other, { name: 'taken' }) });
  await expect(prepare({ options: migrationOptions({ destinationName: 'taken' }) })).rejects.toThrow(/domain 'taken' already exists with uuid/);
  await destination.client.call('domainCreateXML', { xml: bootGuestXml(other, { name: 'refused', uuid }), paused: true });
  await expect(prepare({})).rejects.toThrow("domain is already active as 'refused'");
  await destination.client.call('domainDestroy', { domain: uuid });
  // The image of somebody else stays somebody else's, though both guests are on the same host.
  await destination.client.call('domainDestroy', { domain: uuid }).catch(() => {});
  const [record] = await leaseRecordsOf(source.home);
  expect(record).toBeDefined();
  await expect(prepare({ cookie: cookie.replace(/<lockstate[\s\S]*<\/lockstate>/, '') })).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { image: disk, holder: { domain: { name: 'refused' } } } });
  await nothingIsLeft(uuid);
}, 60_000);

async function writeImage(name: string): Promise<string> {
  const file = path.join(destination.home, `${name}.raw`);
  await writeFile(file, bootSectorImage());
  return file;
}

test('each of many guests on their way has a port of its own, and one that is taken is told', async () => {
  const all = await Promise.all(['a', 'b', 'c'].map((name) => begun(`port-${name}`)));
  await Promise.all(all.map(({ led }) => led.prepare()));
  expect(new Set(all.map(({ led }) => portOf(led))).size).toBe(3);
  const [first] = all;
  const taken = await begun('port-taken', { uri: `tcp:127.0.0.1:${first ? portOf(first.led) : 0}` });
  await expect(taken.led.prepare()).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(/Address already in use/) as string });
  await Promise.all(all.map(({ led }) => led.finish(true)));
}, 60_000);

test('a port that somebody else took behind our back is passed over', async () => {
  const first = await prepared('first');
  await using blocked = await listenAt(portOf(first.led) + 1);
  const second = await prepared('second');
  expect([portOf(first.led), blocked.port]).not.toContain(portOf(second.led));
  await first.led.finish(true);
  await second.led.finish(true);
}, 60_000);

async function listenAt(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const server = net.createServer();
  const isOurs = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)); // somebody has it already, which serves as well
    server.listen({ host: '127.0.0.1', port }, () => resolve(true));
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      if (isOurs) await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

test('memory may come through a socket of any name, which goes with the migration', async () => {
  const socket = path.join(destination.home, 'incoming');
  const { led } = await prepared('socket', { uri: `unix://${socket}` });
  expect(led.prepared.uri).toBe(`unix:${socket}`);
  await led.perform();
  await led.confirm((await led.finish()).cookie);
  expect(await lookup(destination, 'socket')).toMatchObject({ state: 'running' });
  await expect(rm(socket)).rejects.toMatchObject({ code: 'ENOENT' });
}, 60_000);

test('the lease of a disk goes over with its guest, and is nobody else\'s in between', async () => {
  const { led, uuid, disk } = await prepared('leased');
  await source.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'thief' }) });
  const steal = (): Promise<unknown> => source.client.call('domainCreate', { domain: 'thief' });
  await expect(steal()).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
  await led.perform();
  const { cookie } = await led.finish();
  await expect(steal()).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
  await led.confirm(cookie);
  await expect(steal()).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { domain: { uuid }, stateFolder: destination.home, pid: (await lookup(destination, 'leased')).pid } } });
  expect(await leaseRecordsOf(source.home)).toEqual([]);
  // And back again, the same way.
  const back = new LedMigration(destination.client, source.client, { uuid, name: 'leased', options: migrationOptions() });
  await back.all();
  expect(await lookup(source, 'leased')).toMatchObject({ state: 'running' });
  expect(await leaseRecordsOf(destination.home)).toEqual([]);
}, 60_000);

test('only a definition goes over offline', async () => {
  const uuid = randomUUID();
  const events = new EventRecord(destination);
  await defineBootGuest(source, { name: 'offline', uuid });
  const led = new LedMigration(leader, destination.client, { uuid, name: 'offline', options: migrationOptions({ live: false, offline: true, persistDestination: true, destinationName: 'arrived' }) });
  await led.begin();
  await led.prepare();
  await expect(destination.client.call('domainLookup', { domain: uuid })).rejects.toMatchObject({ code: 'NO_DOMAIN' });
  expect(await led.finish()).toMatchObject({ id: null });
  expect(await lookup(destination, 'arrived')).toMatchObject({ uuid, state: 'shut off', persistent: true });
  expect(events.told).toEqual(['defined/added']);
}, 60_000);

test.each(['migration-in prepare', 'start images', 'start disk leases', 'start QEMU', 'start state file', 'start monitor', 'start host set-up'])('Prepare that fails (%s) leaves nothing', async (step) => {
  const { led, uuid } = await begun('failing');
  fatal = step;
  await expect(led.prepare()).rejects.toThrow(/it fails at/);
  await nothingIsLeft(uuid);
  // Nothing is in the way of another one.
  fatal = '';
  await led.prepare();
  await led.finish(true);
}, 60_000);

test.each(['migration-in finish2', 'migration-in finish3'])('Finish that fails (%s) leaves nothing, and its source goes on', async (step) => {
  const { led, uuid } = await prepared('failing', { persistDestination: true });
  const events = new EventRecord(destination);
  await led.perform();
  fatal = step;
  await expect(led.finish()).rejects.toThrow(/it fails at/);
  await nothingIsLeft(uuid);
  expect(events.told.filter((what) => !/^(un)?defined/.test(what))).toEqual([]);
  await led.confirm('', true);
  expect(await lookup(source, 'failing')).toMatchObject({ state: 'running', jobs: { async: null } });
}, 60_000);

test('a hook may change what arrives, which taints it, and may refuse it', async () => {
  const hook = path.join(destination.home, 'hooks', 'qemu');
  await mkdir(path.dirname(hook), { recursive: true });
  await writeFile(hook, '#!/bin/sh\n[ "$2" = migrate ] || exit 0\n[ "$1" = unwanted ] && { echo "not here" >&2; exit 1; }\nsed "s|</name>|</name><title>seen by a hook</title>|"\n');
  await chmod(hook, 0o755);
  try {
    const { led } = await prepared('hooked');
    expect(await lookup(destination, 'hooked')).toMatchObject({ title: 'seen by a hook', taints: expect.arrayContaining(['hook-script']) as string[] });
    await led.finish(true);
    const unwanted = await begun('unwanted');
    await expect(unwanted.led.prepare()).rejects.toMatchObject({ code: 'HOOK_SCRIPT_FAILED', message: expect.stringContaining('not here') as string });
    await nothingIsLeft(unwanted.uuid);
  } finally {
    await rm(hook);
  }
}, 60_000);

test('a guest that cannot be loaded goes, and its source is told why', async () => {
  const { led, uuid } = await begun('broken');
  const wrong = led.begun.xml.replace("<memory unit='KiB'>16384</memory>", "<memory unit='KiB'>32768</memory>").replace(/<currentMemory[^]*?<\/currentMemory>/, '');
  expect(wrong).not.toBe(led.begun.xml);
  led.begun = { ...led.begun, xml: wrong };
  await led.prepare();
  await expect(led.perform()).rejects.toThrow();
  await expect(led.finish(true)).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: expect.stringMatching(/QEMU unexpectedly closed the monitor \(vm='broken'\): [\s\S]*load of migration failed/) as string });
  await nothingIsLeft(uuid);
  expect(await waitForState(source, 'running', 'broken')).toMatchObject({ state: 'running' });
}, 60_000);
