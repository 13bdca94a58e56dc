/** Watchdogs that nobody feeds, of each model and with each action, on real guests (F7). */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookup, waitForState } from '../support/boot-guest.ts';
import { configure, mapDevice, outByte, outWord, storeLong } from '../support/boot-sector.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

/** Fires at once: a timeout of 0 seconds. */
const ib700 = outByte(0x443, 0xf);

const withIb700 = (action: string): Promise<LifecycleGuest> => startLifecycleGuest(host, { machine: 'pc', devices: `<watchdog model='ib700' action='${action}'/>` });

test("'reset' starts the guest anew", async () => {
  await using guest = await withIb700('reset');
  await guest.type(ib700);
  await guest.serial.waitFor(/BOOT-SECTOR-READY/);
  expect(await lookup(host)).toMatchObject({ state: 'running', pid: guest.pid });
  await expect.poll(() => guest.events.told).toEqual(['watchdog: reset', 'reboot: guest']);
});

test("'shutdown' presses the guest's button, and this one heeds none", async () => {
  await using guest = await withIb700('shutdown');
  await guest.obey(ib700);
  await expect.poll(() => guest.events.told).toContain('watchdog: shutdown');
  expect(await lookup(host)).toMatchObject({ state: 'running' });
});

test("'poweroff' ends the guest as one that crashed", async () => {
  await using guest = await withIb700('poweroff');
  await guest.type(ib700);
  expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed' });
  expect(guest.events.told).toEqual(['watchdog: poweroff', 'stopped/crashed']);
});

test("'pause' pauses the guest for that reason, and it can be resumed", async () => {
  await using guest = await withIb700('pause');
  await guest.type(ib700);
  expect(await waitForState(host, 'paused')).toMatchObject({ reason: 'watchdog' });
  await host.client.call('domainResume', { domain: 'boot' });
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'unpaused' });
  expect(guest.events.told).toEqual(['watchdog: pause', 'suspended/watchdog', 'resumed/unpaused']);
});

test("'none' and 'inject-nmi' are told, and the guest runs on", async () => {
  for (const action of ['none', 'inject-nmi']) {
    await using guest = await withIb700(action);
    await guest.type(ib700);
    await expect.poll(() => guest.events.told).toContain(`watchdog: ${action}`);
    expect(await lookup(host)).toMatchObject({ state: 'running' });
    await host.client.call('domainDestroy', { domain: 'boot' });
  }
});

test("'dump' dumps the guest into the host's folder, and it goes on", async () => {
  await using guest = await withIb700('dump');
  await guest.type(ib700);
  await expect.poll(() => guest.events.told.at(-1), { timeout: 20_000 }).toMatch(/^core-dump: /);
  const { state, jobs } = await waitForState(host, 'running');
  const [file = '', ...others] = await readdir(path.join(host.home, 'dumps'));
  expect([state, jobs.async, others]).toEqual(['running', null, []]);
  expect(guest.events.told).toEqual(['watchdog: pause', 'suspended/watchdog', 'resumed/unpaused', `core-dump: ${path.join(host.home, 'dumps', file)}`]);
});

test('i6300esb fires in its second stage', async () => {
  const device = "<watchdog model='i6300esb' action='pause'><address type='pci' domain='0' bus='0' slot='0x10' function='0'/></watchdog>";
  await using guest = await startLifecycleGuest(host, { machine: 'pc', devices: device });
  const unlocked = Buffer.concat([storeLong(0xc, 0x80), storeLong(0xc, 0x86)]);
  await guest.obey(Buffer.concat([mapDevice(0x10), unlocked, storeLong(0, 1), unlocked, storeLong(4, 1), configure(0x10, 0x60, 0x4)]));
  await guest.type(Buffer.concat([configure(0x10, 0x68, 0).subarray(0, 7), outByte(0xcfc, 0x2)]));
  expect(await waitForState(host, 'paused')).toMatchObject({ reason: 'watchdog' });
});

test("a q35 board's own fires when it has counted down twice", async () => {
  await using guest = await startLifecycleGuest(host, { devices: "<watchdog model='itco' action='pause'/>" });
  // The chipset's registers are put where real mode reaches them; one of them lets the watchdog act. 4 is the least: 2.4 s.
  await guest.obey(Buffer.concat([configure(0x1f, 0xf0, 0xa0001), storeLong(0x3410, 0), outWord(0x672, 4), outWord(0x668, 0)]));
  expect(await waitForState(host, 'paused')).toMatchObject({ reason: 'watchdog' });
});
