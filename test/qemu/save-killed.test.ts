/** A host that is killed in the middle of a save: the guest is in the image, or it goes on; never both, never neither (B7). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { lookup } from '../support/boot-guest.ts';
import { buildProgram } from '../support/build-program.ts';
import { guestConsole } from '../support/guest-console.ts';
import { startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let folder: string;
let program: string;
let host: TestHost;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  program = await buildProgram(fileURLToPath(new URL('../support/saving-host-main.ts', import.meta.url)), folder, 'saving-host');
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

/** Runs until the host has killed itself. */
async function killedAt(step: string, to: string): Promise<void> {
  await host.close();
  const child: ChildProcess = spawn(process.execPath, [program, host.home, step, to], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  await host.open();
  await host.host.driver.reconnected;
}

const records = async (): Promise<readonly string[]> => (await readdir(path.join(host.home, 'run'))).filter((name) => name.endsWith('.save.json'));

test.each(['saving', 'sending'])('at %s the guest goes on as before, and nothing is left', async (step) => {
  await using guest = await startLifecycleGuest(host);
  const to = path.join(host.home, 'out.save');
  await killedAt(step, to);
  expect(await lookup(host)).toMatchObject({ state: 'running', pid: guest.pid, jobs: { async: null }, hasManagedSave: false });
  expect([(await readdir(host.home)).filter((name) => name.includes('save')), await records()]).toEqual([[], []]);
  await using serial = await guestConsole(host.client, 'boot', null, { from: 'now' });
  await serial.type('still here');
  await serial.waitFor(/still here/);
  await host.client.call('domainSave', { domain: 'boot', to });
  expect(await lookup(host)).toMatchObject({ reason: 'saved' });
});

test.each(['committing', 'ending'])('at %s the image is whole, and the guest is in it alone', async (step) => {
  await using _guest = await startLifecycleGuest(host);
  const to = path.join(host.home, 'out.save');
  await killedAt(step, to);
  expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'saved', jobs: { async: null } });
  expect([await qemuProcessesOf(host.home), (await readdir(host.home)).filter((name) => name.includes('save')), await records()]).toEqual([[], ['out.save'], []]);
  await host.client.call('domainRestore', { from: to });
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'restored' });
});

test.each([
  ['sending', { state: 'running', hasManagedSave: false }],
  ['ending', { state: 'shut off', reason: 'saved', hasManagedSave: true }],
])('at %s of the domain’s own image the next start knows', async (step, then) => {
  await using _guest = await startLifecycleGuest(host);
  await killedAt(step, '');
  expect(await lookup(host)).toMatchObject(then);
  if (then.state === 'running') return;
  expect(await host.client.call('domainCreate', { domain: 'boot' })).toMatchObject({ state: 'running', reason: 'restored', hasManagedSave: false });
});
