/** One run of a guest on a real QEMU: how it begins, how it ends, and that each is told once. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventRecord, bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function nothingIsLeft(): Promise<void> {
  expect(await qemuProcessesOf(host.home)).toEqual([]);
  expect(await readdir(path.join(host.home, 'status'))).toEqual([]);
  expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
}

/** Starts the guest and waits until it runs its program. */
async function startGuest(name = 'boot'): Promise<number> {
  const { pid } = await host.client.call('domainCreate', { domain: name });
  await using serial = await guestConsole(host.client, name, null, { mode: 'watch' });
  await serial.waitFor(/BOOT-SECTOR-READY/);
  return pid as number;
}

describe('the end of a run', () => {
  test('a QEMU that is killed has crashed, and is told once', async () => {
    await defineBootGuest(host);
    const pid = await startGuest();
    const events = new EventRecord(host);
    process.kill(pid, 'SIGKILL');
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed', pid: null, id: null, consoles: [] });
    expect(events.told).toEqual(['stopped/crashed']);
    await nothingIsLeft();
  });

  test('a guest that powers off by itself has shut down', async () => {
    await defineBootGuest(host);
    await startGuest();
    const events = new EventRecord(host);
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.type('Q');
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
    expect(events.told).toEqual(['shutdown/guest', 'stopped/shutdown']);
    await expect.poll(() => serial.ended()).toBe(true);
    await nothingIsLeft();
  });

  test('a QEMU that somebody ends with SIGTERM has not crashed', async () => {
    await defineBootGuest(host);
    const pid = await startGuest();
    process.kill(pid, 'SIGTERM');
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
  });

  test('destroy wins against the end of the monitor, however close they come', async () => {
    await defineBootGuest(host);
    for (let round = 0; round < 8; round++) {
      const { pid } = await host.client.call('domainCreate', { domain: 'boot', paused: true });
      const events = new EventRecord(host);
      const destroyed = host.client.call('domainDestroy', { domain: 'boot' });
      for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
      try {
        process.kill(pid as number, 'SIGKILL');
      } catch {
        // It was faster this time.
      }
      expect(await destroyed).toBeNull();
      expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed' });
      expect(events.told).toEqual(['stopped/destroyed']);
    }
    await nothingIsLeft();
  });

  test('a transient domain that is destroyed is gone, and the destroy has succeeded', async () => {
    await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    await host.client.call('domainUndefine', { domain: 'boot' });
    const events = new EventRecord(host);
    const both = [host.client.call('domainDestroy', { domain: 'boot' }), host.client.call('domainDestroy', { domain: 'boot' })];
    expect(await Promise.all(both)).toEqual([null, null]);
    expect(events.told).toEqual(['stopped/destroyed']);
    expect(events.all.find(({ event }) => event === 'stopped')?.summary).toBeNull();
    await expect(lookup(host)).rejects.toMatchObject({ code: 'NO_DOMAIN' });
    await nothingIsLeft();
  });

  test('a stopped QEMU is destroyed without a wait, gracefully too', async () => {
    await defineBootGuest(host);
    for (const graceful of [false, true]) {
      const { pid } = await host.client.call('domainCreate', { domain: 'boot', paused: true });
      process.kill(pid as number, 'SIGSTOP');
      await host.client.call('domainDestroy', { domain: 'boot', graceful });
      expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed' });
    }
    await nothingIsLeft();
  });

  test('a destroy ends a start that is under way, and both say so', async () => {
    await defineBootGuest(host);
    const events = new EventRecord(host);
    const start = host.client.call('domainCreate', { domain: 'boot' });
    await expect.poll(async () => (await lookup(host)).pid, { interval: 2 }).not.toBeNull();
    const outcome = await Promise.allSettled([host.client.call('domainDestroy', { domain: 'boot' }), start]);
    expect(outcome).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'OPERATION_ABORTED' } }]);
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed' });
    expect(events.told).toEqual(['stopped/destroyed']);
    await nothingIsLeft();
  });
});

describe('the beginning of a run', () => {
  test('of two starts at once one runs the domain, the other finds it running', async () => {
    await defineBootGuest(host);
    const events = new EventRecord(host);
    const outcome = await Promise.allSettled([host.client.call('domainCreate', { domain: 'boot' }), host.client.call('domainCreate', { domain: 'boot' })]);
    expect(outcome.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(outcome[1]).toMatchObject({ reason: { message: 'Requested operation is not valid: domain is already running', domain: { name: 'boot' } } });
    expect(events.told).toEqual(['started/booted']);
    expect(await qemuProcessesOf(host.home)).toHaveLength(1);
  });

  test('a host that closes undoes a start, and the next host may start again', async () => {
    await defineBootGuest(host);
    const start = host.client.call('domainCreate', { domain: 'boot' }).catch((error: unknown) => error);
    await expect.poll(async () => (await lookup(host)).pid, { interval: 2 }).not.toBeNull();
    await host.reopen();
    await start;
    await nothingIsLeft();
    expect(await host.client.call('domainCreate', { domain: 'boot' })).toMatchObject({ state: 'running' });
  });

  test('ids are not used twice', async () => {
    await defineBootGuest(host);
    for (const id of [1, 2, 3]) {
      expect(await host.client.call('domainCreate', { domain: 'boot', paused: true })).toMatchObject({ id, state: 'paused', reason: 'user' });
      await host.client.call('domainDestroy', { domain: String(id) });
    }
  });
});

describe('definitions of a running domain', () => {
  test('a new definition is for the next boot, and is shown as pending', async () => {
    const disk = await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    const { uuid } = await lookup(host);
    const { domain } = await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { uuid, memoryMiB: 32 }) });
    expect(domain).toMatchObject({ pendingChanges: true, memoryKiB: 16 * 1024 });
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ pendingChanges: false, memoryKiB: 32 * 1024 });
  });

  test('the same definition again changes nothing', async () => {
    await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'boot', inactive: true });
    expect((await host.client.call('domainDefineXML', { xml })).domain).toMatchObject({ pendingChanges: false });
  });

  test('an undefined one is transient and vanishes with its run', async () => {
    await defineBootGuest(host);
    const { pid } = await host.client.call('domainCreate', { domain: 'boot', paused: true });
    const events = new EventRecord(host);
    await host.client.call('domainUndefine', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ persistent: false, state: 'paused' });
    await expect(host.client.call('domainUndefine', { domain: 'boot' })).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
    process.kill(pid as number, 'SIGKILL');
    await expect.poll(async () => (await host.client.call('connectListAllDomains', {})).domains).toEqual([]);
    expect(events.told).toEqual(['undefined/removed', 'stopped/crashed']);
    expect(events.all.at(-1)).toMatchObject({ event: 'stopped', summary: null });
    await nothingIsLeft();
  });

  test('a name or a UUID belongs to one domain', async () => {
    const disk = await defineBootGuest(host);
    const { uuid } = await lookup(host);
    const other = '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01';
    const sameName = host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { uuid: other }) });
    await expect(sameName).rejects.toMatchObject({ message: `operation failed: domain 'boot' already exists with uuid ${uuid}` });
    const sameUuid = host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { uuid, name: 'other' }) });
    await expect(sameUuid).rejects.toMatchObject({ message: `operation failed: domain 'boot' is already defined with uuid ${uuid}` });
    expect((await host.client.call('connectListAllDomains', {})).domains).toHaveLength(1);
  });

  test('a domain whose definition is still being saved is in no list and breaks none', async () => {
    const disk = await defineBootGuest(host);
    const defining = Promise.all([...Array(20).keys()].map((index) => host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: `more-${index}` }) })));
    const lists: unknown[] = [];
    let finished = false;
    void defining.then(() => (finished = true));
    while (!finished) {
      lists.push(await host.client.call('connectListAllDomains', {}));
      await new Promise(setImmediate); // calls in one process would leave no turn to the disk
    }
    expect(lists.length).toBeGreaterThan(0);
    expect((await host.client.call('connectListAllDomains', {})).domains).toHaveLength(21);
  });
});
