/** Guests outlive their driver, and the next one finds them as they are now (F4, F5). */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventRecord, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { monitorThatBabbles, scriptedEmulator } from '../support/scripted-emulator.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost({ silenceMs: 600 });
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function startGuest(name = 'boot'): Promise<number> {
  await defineBootGuest(host, { name });
  const { pid } = await host.client.call('domainCreate', { domain: name });
  await using serial = await guestConsole(host.client, name, null, { mode: 'watch' });
  await serial.waitFor(/BOOT-SECTOR-READY/);
  return pid as number;
}

/** What happens while no driver is there. */
async function meanwhile(work: () => void | Promise<void>): Promise<EventRecord> {
  await host.close();
  await work();
  await host.open();
  return new EventRecord(host, 'opening');
}

async function nothingIsLeft(): Promise<void> {
  expect(await qemuProcessesOf(host.home)).toEqual([]);
  expect(await readdir(path.join(host.home, 'status'))).toEqual([]);
  expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
}

/** Waits for the end of a process without being its parent in any useful way: it may be a zombie for a moment. */
async function gone(pid: number): Promise<void> {
  await expect.poll(() => qemuProcessesOf(host.home), { timeout: 10_000 }).not.toContain(pid);
}

describe('a guest that ran on', () => {
  test('has the same process, id and state, and its console has its history and takes input', async () => {
    const pid = await startGuest();
    await host.client.call('domainDestroy', { domain: 'boot' });
    const { pid: second } = await host.client.call('domainCreate', { domain: 'boot' });
    expect(second).not.toBe(pid);
    {
      await using serial = await guestConsole(host.client, 'boot', null);
      await serial.waitFor(/BOOT-SECTOR-READY/);
      await serial.type('before');
      await serial.waitFor(/before/);
    }
    const events = await meanwhile(() => {});
    expect(await lookup(host)).toMatchObject({ state: 'running', id: 2, pid: second, persistent: true });
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY\r\nbefore/);
    await serial.type('after');
    await serial.waitFor(/after/);
    expect(events.told).toEqual([]);
    expect(serial.text().match(/before/g)).toHaveLength(1);
    await serial.type('Q');
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
    expect(events.told).toEqual(['shutdown/guest', 'stopped/shutdown']);
    await nothingIsLeft();
  });

  test('while paused is still paused, and is resumed', async () => {
    await startGuest();
    await host.client.call('domainSuspend', { domain: 'boot' });
    const events = await meanwhile(() => {});
    await host.host.driver.reconnected;
    expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'user' });
    await host.client.call('domainResume', { domain: 'boot' });
    expect(events.told).toEqual(['resumed/unpaused']);
  });

  test('keeps a new id for the next one', async () => {
    await startGuest();
    await meanwhile(() => {});
    await startGuest('second');
    expect([(await lookup(host, 'boot')).id, (await lookup(host, 'second')).id]).toEqual([1, 2]);
  });

  test('as a transient domain is there, and vanishes at its end', async () => {
    await startGuest();
    await host.client.call('domainUndefine', { domain: 'boot' });
    await meanwhile(() => {});
    expect(await lookup(host)).toMatchObject({ persistent: false, state: 'running' });
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect((await host.client.call('connectListAllDomains', {})).domains).toEqual([]);
    await nothingIsLeft();
  });
});

describe('a guest that ended meanwhile', () => {
  test('by the death of its QEMU has crashed', async () => {
    const pid = await startGuest();
    const events = await meanwhile(async () => {
      process.kill(pid, 'SIGKILL');
      await gone(pid);
    });
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed', pid: null });
    await host.host.driver.reconnected;
    expect(events.told.filter((told) => told.startsWith('stopped'))).toEqual(['stopped/crashed']);
    await nothingIsLeft();
    expect(await host.client.call('domainCreate', { domain: 'boot', paused: true })).toMatchObject({ id: 2 });
  });

  test('by powering off is reaped as shut down', async () => {
    const pid = await startGuest();
    await using serial = await guestConsole(host.client, 'boot', null);
    // It powers off while the driver is away: the key is on its way when the driver lets go.
    await host.client.call('domainSuspend', { domain: 'boot' });
    await serial.type('Q');
    await meanwhile(() => host.monitorOf(pid, ['cont'], 'SHUTDOWN'));
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
    await host.host.driver.reconnected;
    await nothingIsLeft();
  });

  test('in the middle of a start is undone', async () => {
    await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    const { uuid } = await lookup(host);
    const file = path.join(host.home, 'status', `${uuid}.json`);
    await meanwhile(async () => {
      const record = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...record, starting: true }));
    });
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'failed' });
    await host.host.driver.reconnected;
    await nothingIsLeft();
  });

  test('before its first state file was written is undone', async () => {
    await defineBootGuest(host);
    const { uuid } = await host.client.call('domainCreate', { domain: 'boot', paused: true });
    await meanwhile(() => host.remove(path.join('status', `${uuid}.json`)));
    expect(await lookup(host)).toMatchObject({ state: 'shut off' });
    await nothingIsLeft();
  });
});

describe('a state file that cannot be read', () => {
  test('is set aside and told, hides no other guest, and its QEMU is not doubled', async () => {
    const pid = await startGuest();
    await startGuest('second');
    const { uuid } = await lookup(host);
    await meanwhile(() => writeFile(path.join(host.home, 'status', `${uuid}.json`), '{"version": 1, "uuid":'));
    await host.host.driver.reconnected;
    expect(await lookup(host, 'second')).toMatchObject({ state: 'running' });
    expect(await lookup(host)).toMatchObject({ state: 'shut off' });
    const { problems } = await host.client.call('hostGetStatus', {});
    expect(problems).toMatchObject([{ what: expect.stringMatching(/^a state file cannot be read: /), path: expect.stringContaining(`${uuid}.json.unreadable`) }, { what: `a QEMU (pid ${pid}) runs that no state file tells of` }]);
    await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toMatchObject({ code: 'OPERATION_FAILED', details: { pid } });
    await host.reopen();
    await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toMatchObject({ code: 'OPERATION_FAILED', details: { pid } });
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    expect(await host.client.call('domainCreate', { domain: 'boot' })).toMatchObject({ state: 'running' });
  });
});

describe('a QEMU that does not answer', () => {
  test('is shown as such, delays no other, and is reached when it goes on', async () => {
    const pid = await startGuest();
    await startGuest('second');
    const events = await meanwhile(() => void process.kill(pid, 'SIGSTOP'));
    await expect.poll(async () => (await lookup(host, 'second')).jobs.sync).toBeNull();
    expect(await host.client.call('domainSuspend', { domain: 'second' })).toBeNull();
    expect(await lookup(host)).toMatchObject({ state: 'running', pid });
    await expect.poll(async () => (await lookup(host)).control).toMatchObject({ state: 'error', details: 'QEMU not answering (connecting)' });
    process.kill(pid, 'SIGCONT');
    await host.host.driver.reconnected;
    expect((await lookup(host)).control).toMatchObject({ state: 'ok' });
    expect(await host.client.call('domainSuspend', { domain: 'boot' })).toBeNull();
    expect(events.told).toEqual(['suspended/paused', 'control-error: QEMU not answering (connecting)', 'suspended/paused']);
  });

  test('is destroyed at once', async () => {
    const pid = await startGuest();
    await meanwhile(() => void process.kill(pid, 'SIGSTOP'));
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed' });
    await host.host.driver.reconnected;
    await nothingIsLeft();
  });

  test('is noticed while the driver runs, told once, and is well again when it answers', async () => {
    const pid = await startGuest();
    const events = new EventRecord(host);
    process.kill(pid, 'SIGSTOP');
    await expect.poll(async () => (await lookup(host)).control, { timeout: 5_000 }).toMatchObject({ state: 'error', details: expect.stringMatching(/^QEMU not answering/) });
    process.kill(pid, 'SIGCONT');
    await expect.poll(async () => (await lookup(host)).control).toMatchObject({ state: 'ok' });
    expect(events.told).toEqual(['control-error: QEMU not answering (query-version)']);
  });

  test('lets the driver close', async () => {
    const pid = await startGuest();
    process.kill(pid, 'SIGSTOP');
    await host.reopen();
    await host.close();
    process.kill(pid, 'SIGCONT');
    await host.open();
    await host.host.driver.reconnected;
    expect(await lookup(host)).toMatchObject({ state: 'running', pid });
  });
});

test('a monitor that says what is not QMP is opened anew, and its QEMU is not ended', async () => {
  const emulator = await scriptedEmulator(host.home);
  await defineBootGuest(host, { emulator: emulator.path, serial: false });
  await emulator.behave(monitorThatBabbles());
  const { pid } = await host.client.call('domainCreate', { domain: 'boot' });
  const events = new EventRecord(host);
  const command = host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'babble' });
  await expect(command).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: expect.stringContaining('the QEMU monitor sent') });
  expect(JSON.parse((await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'query-status' })).result)).toMatchObject({ return: { status: 'running' } });
  expect(await lookup(host)).toMatchObject({ state: 'running', pid });
  expect(events.told).toEqual(['control-error: QEMU not answering (what it sent is not QMP)']);
  await host.client.call('domainDestroy', { domain: 'boot' });
  await nothingIsLeft();
});
