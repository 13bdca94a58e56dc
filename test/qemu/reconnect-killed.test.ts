/** A host that is killed at any moment leaves guests that run on, or nothing. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { processStartTime } from '../../core/base/process-identity.ts';
import { defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { HostProcess, buildHostProgram } from '../support/host-process.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { scriptedEmulator } from '../support/scripted-emulator.ts';

let folder: string;
let program: string;
let host: TestHost;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  program = await buildHostProgram(folder);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function statusFiles(): Promise<string[]> {
  return (await readdir(path.join(host.home, 'status'))).filter((name) => name.endsWith('.json'));
}

describe('a host that is killed', () => {
  test('while a guest runs leaves it running, and its console goes on', async () => {
    await defineBootGuest(host);
    await host.close();
    await using killed = new HostProcess(program, host.home, 'boot');
    await expect.poll(() => killed.isReady, { timeout: 20_000 }).toBe(true);
    const [pid] = await qemuProcessesOf(host.home);
    await killed.kill();
    await host.open();
    expect(await lookup(host)).toMatchObject({ state: 'running', pid, id: 1 });
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY/);
    await serial.type('still here');
    await serial.waitFor(/still here/);
  });

  test('in the middle of a start leaves nothing behind', async () => {
    const emulator = await scriptedEmulator(host.home);
    await defineBootGuest(host, { emulator: emulator.path });
    await emulator.behave('exec sleep 600'); // a QEMU that takes its time
    await host.close();
    await using killed = new HostProcess(program, host.home, 'boot');
    await expect.poll(statusFiles, { timeout: 20_000, interval: 10 }).toHaveLength(1);
    const [file = ''] = await statusFiles();
    const record = JSON.parse(await readFile(path.join(host.home, 'status', file), 'utf8')) as { starting: boolean; process: { pid: number } };
    expect(record.starting).toBe(true);
    await killed.kill();
    await host.open();
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'failed', pid: null });
    await host.host.driver.reconnected;
    expect(await processStartTime(record.process.pid)).toBeNull();
    expect(await statusFiles()).toEqual([]);
    await emulator.behave(null);
    expect(await host.client.call('domainCreate', { domain: 'boot', paused: true })).toMatchObject({ state: 'paused' });
  });
});
