/** What can be asked of a guest that runs: suspend, resume, reset, reboot, shut down, each on a real one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventRecord, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { logIn, untilButtonIsSeen } from '../support/sample-guest-shell.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

describe('the boot-sector guest', () => {
  test('is suspended and resumed, each told once however often it is asked for', async () => {
    await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot' });
    const events = new EventRecord(host);
    const all = async (method: 'domainSuspend' | 'domainResume'): Promise<void> => void (await Promise.all([1, 2, 3].map(() => host.client.call(method, { domain: 'boot' }))));
    await all('domainSuspend');
    expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'user' });
    await all('domainResume');
    expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'unpaused' });
    await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'stop' });
    await expect.poll(async () => lookup(host)).toMatchObject({ state: 'paused', reason: 'unknown' });
    expect(events.told).toEqual(['suspended/paused', 'resumed/unpaused', 'suspended/paused']);
  });

  test('starts anew after a reset, in the same process', async () => {
    await defineBootGuest(host);
    const { pid } = await host.client.call('domainCreate', { domain: 'boot' });
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY/);
    const events = new EventRecord(host);
    await host.client.call('domainReset', { domain: 'boot' });
    await serial.waitFor(/BOOT-SECTOR-READY/);
    expect(await lookup(host)).toMatchObject({ state: 'running', pid });
    expect(events.told).toEqual(['reboot: host']);
  });

  test('is asked for nothing while it does not run', async () => {
    await defineBootGuest(host);
    for (const method of ['domainSuspend', 'domainResume', 'domainReset', 'domainReboot', 'domainShutdown', 'domainDestroy'] as const) {
      await expect(host.client.call(method, { domain: 'boot' })).rejects.toMatchObject({ message: 'Requested operation is not valid: domain is not running', domain: { name: 'boot' } });
    }
  });
});

test('the sample guest reboots by its button, by its own command, and powers off by itself', async () => {
  await host.client.call('sampleGuestDefine', {});
  const { pid } = await host.client.call('domainCreate', { domain: 'sample' });
  await using serial = await guestConsole(host.client, 'sample', null);
  await logIn(serial);
  await untilButtonIsSeen(serial);
  const events = new EventRecord(host);

  await host.client.call('domainReboot', { domain: 'sample', mode: 'acpi' });
  await logIn(serial);
  expect(await lookup(host, 'sample')).toMatchObject({ state: 'running', pid });
  expect(events.told.filter((told) => !told.startsWith('agent'))).toEqual(['shutdown/guest', 'reboot: host', 'resumed/unpaused']);

  events.all.length = 0;
  await serial.type('reboot\n');
  await logIn(serial);
  expect(await lookup(host, 'sample')).toMatchObject({ state: 'running', pid });
  expect(events.told.filter((told) => !told.startsWith('agent'))).toEqual(['reboot: guest']);

  events.all.length = 0;
  await serial.type('poweroff -f\n');
  expect(await waitForState(host, 'shut off', 'sample', 40_000)).toMatchObject({ reason: 'shutdown' });
  expect(events.told.filter((told) => !told.startsWith('agent'))).toEqual(['shutdown/guest', 'stopped/shutdown']);
  expect(await qemuProcessesOf(host.home)).toEqual([]);
});
