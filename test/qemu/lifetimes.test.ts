/** Domains that come and go on a real QEMU: transient ones, two definitions, and APIs that race with their end (A1 to A5). */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { LiveDomain } from '../../core/domain/live-domain.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { EventRecord, bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { scriptedEmulator } from '../support/scripted-emulator.ts';

const uuid = '0b4a3c52-7a51-4d6f-9d0e-3f1c5c1a7e01';
let host: TestHost;
let disk: string;

beforeEach(async () => {
  host = await openTestHost();
  disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function create(options: Parameters<typeof bootGuestXml>[1] = {}, paused = true): Promise<DomainSummary> {
  return (await host.client.call('domainCreateXML', { xml: bootGuestXml(disk, { uuid, ...options }), paused })).domain;
}

const listed = async (): Promise<DomainSummary[]> => (await host.client.call('connectListAllDomains', {})).domains;
const files = async (folder: string): Promise<string[]> => (await readdir(path.join(host.home, folder))).filter((name) => name !== 'api').sort();

async function nothingIsLeft(): Promise<void> {
  expect(await listed()).toEqual([]);
  expect(await qemuProcessesOf(host.home)).toEqual([]);
  expect({ status: await files('status'), run: await files('run'), domains: await files('domains') }).toEqual({ status: [], run: [], domains: [] });
}

/** It has run one guest, so that what it can do is known; from now on it runs none. */
async function emulatorThatExits(words: string): Promise<string> {
  const emulator = await scriptedEmulator(host.home);
  await create({ emulator: emulator.path });
  await host.client.call('domainDestroy', { domain: uuid });
  await emulator.behave(`echo "${words}" >&2; exit 1`);
  return emulator.path;
}

describe('a transient domain', () => {
  test('is there as long as it runs, and leaves nothing but its logs', async () => {
    const events = new EventRecord(host);
    const created = await create();
    expect(created).toMatchObject({ name: 'boot', uuid, id: 1, persistent: false, pendingChanges: false, state: 'paused', reason: 'user' });
    expect(await files('domains')).toEqual([]);
    await host.client.call('domainDestroy', { domain: uuid });
    expect(events.told).toEqual(['started/booted', 'suspended/paused', 'stopped/destroyed']);
    expect(events.all.at(-1)).toMatchObject({ event: 'stopped', domain: { uuid, id: null }, summary: null });
    await expect(lookup(host, uuid)).rejects.toMatchObject({ code: 'NO_DOMAIN' });
    await nothingIsLeft();
    const log = await readFile(path.join(host.home, 'logs', uuid, 'qemu.log'), 'utf8');
    expect(log).toMatch(/starting up, .*shutting down, reason=destroyed/s);
    expect(await create()).toMatchObject({ id: 2 });
  });

  test('is found again by the next driver, as transient as it was', async () => {
    await create();
    await host.reopen();
    await host.host.driver.reconnected;
    expect(await lookup(host, uuid)).toMatchObject({ id: 1, persistent: false, state: 'paused' });
    await host.client.call('domainDestroy', { domain: uuid });
    await nothingIsLeft();
  });

  test('becomes persistent by a definition, and stays after its end', async () => {
    await create();
    const { domain } = await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { uuid, memoryMiB: 32 }) });
    expect(domain).toMatchObject({ persistent: true, pendingChanges: true, id: 1 });
    await host.client.call('domainDestroy', { domain: uuid });
    expect(await lookup(host, uuid)).toMatchObject({ state: 'shut off', memoryKiB: 32 * 1024 });
  });

  test('is refused where its name or UUID is taken, and nothing of the other changes', async () => {
    await create();
    const other = '0b4a3c52-7a51-4d6f-9d0e-3f1c5c1a7e02';
    await expect(create()).rejects.toMatchObject({ message: "Requested operation is not valid: domain 'boot' is already active" });
    await expect(create({ uuid: other })).rejects.toMatchObject({ message: `operation failed: domain 'boot' already exists with uuid ${uuid}` });
    await expect(create({ name: 'other' })).rejects.toMatchObject({ message: `operation failed: domain 'boot' is already defined with uuid ${uuid}` });
    const unnamed = host.client.call('domainCreateXML', { xml: bootGuestXml(disk) });
    await expect(unnamed).rejects.toMatchObject({ message: `operation failed: domain 'boot' already exists with uuid ${uuid}` });
    expect(await listed()).toMatchObject([{ uuid, id: 1, state: 'paused' }]);
  });

  test('of two that are created at once one runs', async () => {
    const outcome = await Promise.allSettled([create(), create()]);
    expect(outcome.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcome.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { message: "Requested operation is not valid: domain 'boot' is already being started" } });
    expect(await qemuProcessesOf(host.home)).toHaveLength(1);
  });

  test('that does not start leaves nothing, also in the lists of those who saw it starting', async () => {
    const emulator = await emulatorThatExits('not today');
    const events = new EventRecord(host);
    await expect(create({ emulator })).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: expect.stringContaining('not today') });
    await nothingIsLeft();
    expect(events.all.at(-1)?.summary).toBeNull();
    expect(events.revisions).toEqual(events.revisions.map((_, index) => (events.revisions[0] as number) + index));
  });

  test('that is defined while it fails to start is defined', async () => {
    const emulator = await emulatorThatExits('never');
    const creating = create({ emulator }).catch((error: unknown) => error);
    await expect.poll(() => host.host.driver.context.registry.byUuid(uuid), { interval: 1 }).not.toBeNull();
    const defined = await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { uuid }) });
    expect(await creating).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(defined.domain).toMatchObject({ persistent: true, uuid });
    expect(await listed()).toMatchObject([{ uuid, persistent: true, state: 'shut off' }]);
  });
});

describe('a shut-off domain that is created from another XML', () => {
  test('runs it this once and keeps its own for the next boot', async () => {
    await defineBootGuest(host, { uuid, memoryMiB: 16 });
    expect(await create({ memoryMiB: 32 })).toMatchObject({ persistent: true, pendingChanges: true, memoryKiB: 32 * 1024 });
    const inactive = await host.client.call('domainGetXMLDesc', { domain: uuid, inactive: true });
    expect(inactive.xml).toContain("<memory unit='KiB'>16384</memory>");
    await host.client.call('domainDestroy', { domain: uuid });
    expect(await lookup(host)).toMatchObject({ state: 'shut off', pendingChanges: false, memoryKiB: 16 * 1024 });
  });

  test('has nothing pending where both say the same', async () => {
    await defineBootGuest(host, { uuid });
    const { xml } = await host.client.call('domainGetXMLDesc', { domain: uuid });
    const { domain } = await host.client.call('domainCreateXML', { xml, paused: true });
    expect(domain).toMatchObject({ persistent: true, pendingChanges: false });
  });
});

describe('work that is registered for the end of a run', () => {
  const ran: string[] = [];
  const liveOf = (name = 'boot'): LiveDomain => host.host.driver.find(name).live as LiveDomain;

  function register(): void {
    ran.length = 0;
    const live = liveOf();
    live.onEnd('test', () => void ran.push('replaced'));
    live.onEnd('thrower', () => {
      throw new Error('broken');
    });
    live.onEnd('test', async (reason) => {
      ran.push(`${reason} while ${(await lookup(host)).state}`);
    });
  }

  test('runs when it is destroyed, crashes, or shuts down by itself, before that is told', async () => {
    await defineBootGuest(host);
    const start = (): Promise<DomainSummary> => host.client.call('domainCreate', { domain: 'boot' });
    const events = new EventRecord(host);
    let endedBefore: string[] = [];
    host.client.on('domain', ({ event }) => {
      if (event === 'stopped') endedBefore = [...ran];
    });

    await start();
    register();
    await Promise.all([host.client.call('domainDestroy', { domain: 'boot' }), host.client.call('domainDestroy', { domain: 'boot' })]);
    expect(endedBefore).toEqual(['destroyed while running']);

    const { pid } = await start();
    register();
    process.kill(pid as number, 'SIGKILL');
    await waitForState(host, 'shut off');
    expect(endedBefore).toEqual(['crashed while running']);

    await start();
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY/);
    register();
    await serial.type('Q');
    await waitForState(host, 'shut off');
    expect(endedBefore).toEqual(['shutdown while in shutdown']);
    expect(ran).toEqual(endedBefore);
    expect(events.told.filter((told) => told.startsWith('stopped'))).toEqual(['stopped/destroyed', 'stopped/crashed', 'stopped/shutdown']);
    expect(host.log.filter((line) => line.includes('name=thrower'))).toHaveLength(3);
  });

  test('runs when the start fails half way', async () => {
    await defineBootGuest(host);
    const starting = host.client.call('domainCreate', { domain: 'boot' }).catch((error: unknown) => error);
    await expect.poll(async () => (await lookup(host)).pid, { interval: 1 }).not.toBeNull();
    register();
    process.kill((await lookup(host)).pid as number, 'SIGKILL');
    expect(await starting).toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(ran).toEqual(['failed while paused']);
  });

  test('does not run when the driver lets go of a guest that runs on', async () => {
    await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    register();
    await host.reopen();
    await host.host.driver.reconnected;
    expect(ran).toEqual([]);
    expect(await lookup(host)).toMatchObject({ state: 'paused' });
  });
});

describe('after the machine was started anew', () => {
  async function restartMachine(): Promise<void> {
    const [file] = await files('status');
    const statusFile = path.join(host.home, 'status', file as string);
    const { pid } = await lookup(host, uuid);
    await host.close();
    process.kill(pid as number, 'SIGKILL');
    await expect.poll(() => qemuProcessesOf(host.home)).toEqual([]);
    const record = JSON.parse(await readFile(statusFile, 'utf8')) as { process: { bootId: string } };
    record.process.bootId = '00000000-0000-4000-8000-00000000b007';
    await writeFile(statusFile, JSON.stringify(record));
    await host.open();
    await host.host.driver.reconnected;
  }

  test('a domain that ran is shut off, and nobody claims that it crashed', async () => {
    await defineBootGuest(host, { uuid });
    await host.client.call('domainCreate', { domain: uuid, paused: true });
    await restartMachine();
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'unknown', stateSinceMs: null, persistent: true });
    expect({ status: await files('status'), run: await files('run') }).toEqual({ status: [], run: [] });
    expect(await host.client.call('connectListAllDomains', {})).toMatchObject({ revision: 0 });
    expect(await host.client.call('domainCreate', { domain: 'boot', paused: true })).toMatchObject({ state: 'paused' });
  });

  test('a transient one is gone', async () => {
    await create();
    await restartMachine();
    await nothingIsLeft();
  });
});
