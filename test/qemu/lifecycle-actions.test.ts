/**
 * on_poweroff, on_reboot and on_crash, on real guests that power off, reset and panic (F7): each of them does what its
 * definition says, and whatever fails on the way, no guest is left that neither runs nor is over.
 */
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { lookup, waitForState } from '../support/boot-guest.ts';
import { mapDevice, outByte, outWord, storeLong } from '../support/boot-sector.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

const isaPanic = "<panic model='isa'/>";
const panicked = outByte(0x505, 1);
const crashLoaded = outByte(0x505, 2);
/** The reset of the PC's chipset. */
const reset = outByte(0xcf9, 6);

const dumps = async (): Promise<string[]> => readdir(path.join(host.home, 'dumps')).catch(() => []);
/** Panics while no driver is there: QEMU stands still with what the guest has told nobody. */
async function panicUnseen(runFolder: string, serialPath: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await using monitor = await Monitor.connect({ path: path.join(runFolder, 'm'), clock: systemClock, log: silentLog, deadlineMs: 10_000, signal });
  const happened = monitor.events.once(({ event }) => event === 'GUEST_PANICKED', signal);
  const socket = connect(serialPath);
  await once(socket, 'connect');
  socket.write(panicked);
  await happened;
  socket.destroy();
}

const anew = (guest: LifecycleGuest): Promise<void> => guest.serial.waitFor(/BOOT-SECTOR-READY/);

describe('on_crash', () => {
  test.each([
    ['destroy', "<panic model='isa'/>", panicked],
    ['destroy', "<panic model='pvpanic'><address type='pci' domain='0' bus='0' slot='0x10' function='0'/></panic>", Buffer.concat([mapDevice(0x10), storeLong(0, 1)])],
  ])("'%s' ends a guest that panics through %s", async (action, device, panic) => {
    await using guest = await startLifecycleGuest(host, { actions: `<on_crash>${action}</on_crash>`, devices: device });
    await guest.type(panic);
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed' });
    expect(guest.events.told).toEqual(['crashed/panicked', 'stopped/crashed']);
    expect([await qemuProcessesOf(host.home), await dumps()]).toEqual([[], []]);
  });

  test("'restart' resets it in the same process, and a second crash again", async () => {
    await using guest = await startLifecycleGuest(host, { actions: '<on_crash>restart</on_crash><on_reboot>destroy</on_reboot>', devices: isaPanic });
    for (let round = 0; round < 2; round++) {
      await guest.type(panicked);
      await anew(guest);
      await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ state: 'running', reason: 'crashed', pid: guest.pid });
    }
    expect(guest.events.told.filter((told) => !told.startsWith('reboot'))).toEqual(['crashed/panicked', 'resumed/unpaused', 'crashed/panicked', 'resumed/unpaused']);
    // The guest's own reboot ends it all the same, once the firmware's is over: soon, but not at once.
    while ((await lookup(host)).state === 'running') {
      await guest.type(reset).catch(() => {}); // it may be over
      await anew(guest).catch(() => {});
    }
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
  });

  test("'preserve' keeps it, and it can be resumed, reset and ended", async () => {
    await using guest = await startLifecycleGuest(host, { actions: '<on_crash>preserve</on_crash>', devices: isaPanic });
    await guest.type(panicked);
    expect(await waitForState(host, 'crashed')).toMatchObject({ reason: 'panicked' });
    await host.client.call('domainResume', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ state: 'running' });
    await guest.serial.waitFor(/\./);
    await guest.type(panicked);
    await waitForState(host, 'crashed');
    await host.client.call('domainReset', { domain: 'boot' });
    expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'crashed' });
    await host.client.call('domainResume', { domain: 'boot' });
    await anew(guest);
    await host.client.call('domainDestroy', { domain: 'boot' });
  });

  test.each(['coredump-destroy', 'coredump-restart'] as const)("'%s' dumps it first", async (action) => {
    await using guest = await startLifecycleGuest(host, { actions: `<on_crash>${action}</on_crash>`, devices: isaPanic });
    await guest.type(panicked);
    if (action === 'coredump-restart') await anew(guest);
    else expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed' });
    const [file] = await dumps();
    expect(file).toMatch(/^boot-\d{4}-\d\d-\d\d-\d{6}$/);
    expect((await readFile(path.join(host.home, 'dumps', file ?? ''))).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    const told = guest.events.all.find(({ type }) => type === 'core-dump');
    expect(told).toMatchObject({ details: { cause: 'panic', file: path.join(host.home, 'dumps', file ?? ''), error: null } });
    const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
    expect(text).toContain('the guest was dumped into');
  });

  test('is done all the same where the dump fails', async () => {
    await writeFile(path.join(host.home, 'dumps'), 'no folder');
    await using guest = await startLifecycleGuest(host, { actions: '<on_crash>coredump-restart</on_crash>', devices: isaPanic });
    await guest.type(panicked);
    await anew(guest);
    await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ state: 'running', pid: guest.pid, jobs: { async: null } });
    expect(guest.events.all.find(({ type }) => type === 'core-dump')).toMatchObject({ details: { cause: 'panic', file: null, error: expect.stringContaining('dumps') } });
  });

  test('is done by the next driver where the guest panicked meanwhile', async () => {
    await using _guest = await startLifecycleGuest(host, { actions: '<on_crash>coredump-destroy</on_crash>', devices: isaPanic });
    const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'boot' });
    const { uuid } = await lookup(host);
    const runFolder = host.host.driver.context.runFolder(uuid);
    await host.close();
    await panicUnseen(runFolder, /<serial type='unix'>[^]*?path='([^']+)'/.exec(xml)?.[1] ?? '');
    await host.open();
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed' });
    expect(await dumps()).toHaveLength(1);
  });

  test('is for panics: a guest whose crash kernel takes over runs on, and its crash is told', async () => {
    await using guest = await startLifecycleGuest(host, { devices: isaPanic });
    await guest.obey(crashLoaded);
    await expect.poll(() => guest.events.told).toEqual(['crashed/crashloaded']);
    expect(await lookup(host)).toMatchObject({ state: 'running' });
  });
});

describe('on_reboot and on_poweroff', () => {
  test("on_reboot 'destroy' ends a guest that reboots, by its own command and by ours", async () => {
    const actions = '<on_reboot>destroy</on_reboot>';
    await using guest = await startLifecycleGuest(host, { actions });
    await guest.type(reset);
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
    expect(guest.events.told).toEqual(['shutdown/guest', 'stopped/shutdown']);
    await using again = await startLifecycleGuest(host, { actions });
    await host.client.call('domainReset', { domain: 'boot' });
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
    expect(again.events.told).toEqual(['shutdown/host', 'stopped/shutdown']);
  });

  test("on_poweroff 'restart' starts a guest that powers off again, in the same process", async () => {
    await using guest = await startLifecycleGuest(host, { actions: '<on_poweroff>restart</on_poweroff>' });
    await guest.serial.type('Q');
    await anew(guest);
    await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ state: 'running', reason: 'booted', pid: guest.pid });
  });
});

describe('sleep', () => {
  test('of a guest is told, and its waking up', async () => {
    await using guest = await startLifecycleGuest(host);
    await guest.type(outWord(0x604, 0x2400));
    expect(await waitForState(host, 'pmsuspended')).toMatchObject({ reason: 'unknown' });
    await expect(host.client.call('domainResume', { domain: 'boot' })).rejects.toMatchObject({ message: 'Requested operation is not valid: domain is pmsuspended' });
    await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'system_wakeup' });
    await waitForState(host, 'running');
    expect(guest.events.told.filter((told) => !told.startsWith('reboot'))).toEqual(['pmsuspended/memory', 'pmsuspend: memory', 'started/wakeup', 'pmwakeup: null']);
  });

  test('to disk is a shutdown that was told as one', async () => {
    await using guest = await startLifecycleGuest(host);
    await guest.type(outWord(0x604, 0x2800));
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'shutdown' });
    expect(guest.events.told).toEqual(['pmsuspended/disk', 'pmsuspend-disk: disk', 'shutdown/guest', 'stopped/shutdown']);
  });

  test('ends with a reset, after which the guest is seen to stand still', async () => {
    await using guest = await startLifecycleGuest(host);
    await guest.type(outWord(0x604, 0x2400));
    await waitForState(host, 'pmsuspended');
    await host.client.call('domainReset', { domain: 'boot' });
    await expect.poll(async () => (await lookup(host)).state, { timeout: 20_000 }).not.toBe('pmsuspended');
  });
});
