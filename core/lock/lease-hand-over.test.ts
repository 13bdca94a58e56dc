import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { processStartTime } from '../base/process-identity.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { EndCallbacks } from '../domain/end-callbacks.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { fixtureDefinition } from '../../test/support/status-fixture.ts';
import { defaultHostSettings } from '../status/host-settings.ts';
import { advisoryLocks } from './advisory-lock.ts';
import { ImageLeases } from './image-leases.ts';
import type { LeaseSource } from './lease-hand-over.ts';

const uuid = '11111111-2222-4333-8444-555555555555';
const canWait = ((await advisoryLocks())?.program ?? null) !== null;
let folder: string;
let image: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  image = path.join(folder, 'image.raw');
  await writeFile(image, 'x');
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  await rm(folder, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function take(host: string, source: LeaseSource | null = null, domain = { name: 'web', uuid }): Promise<ImageLeases> {
  const made = fixtureDefinition(uuid);
  const devices = made.devices.map((device) => (device.kind === 'disk' ? { ...device, backend: { type: 'file', source: { ...device.backend.source, file: image } } } : device)) as DomainDefinition['devices'];
  const context = { settings: { ...defaultHostSettings, leaseFolder: folder }, clock: systemClock, log: silentLog, stateFolder: `/state/of ${host}` };
  return ImageLeases.take(context, domain, { ...made, devices }, new AbortController().signal, source);
}

const source: LeaseSource = { domainUuid: uuid, hostName: hostname(), stateFolder: '/state/of one' };

interface Run {
  readonly child: ChildProcess;
  /** What the driver does once its QEMU is gone. */
  over(): Promise<void>;
}

/** A program that has inherited the leases, and the run that it is of. */
async function runWith(leases: ImageLeases): Promise<Run> {
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', ...leases.descriptors] });
  children.push(child);
  await once(child, 'spawn');
  const ends = new EndCallbacks();
  const pid = child.pid as number;
  const live = { leases: [], died: new AbortController().signal, onEnd: ends.set.bind(ends), facts: { process: { pid, startTime: (await processStartTime(pid)) ?? '' } } } as unknown as LiveDomain;
  await leases.handOver(live);
  return { child, over: () => ends.run({ reason: 'shutdown', clock: systemClock, log: silentLog }) };
}

const files = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name !== 'image.raw');
const isHeld = async (): Promise<boolean> => take('third', null, { name: 'third', uuid: 'f1111111-2222-4333-8444-555555555555' }).then(
  async (leases) => {
    await leases[Symbol.asyncDispose]();
    return false;
  },
  () => true,
);

test.skipIf(!canWait)('the lease of a guest that moves is its next QEMU\'s when the first one ends, and nobody comes between', async () => {
  const before = await runWith(await take('one'));
  const after = await runWith(await take('other', source));
  expect(await isHeld()).toBe(true);
  await end(before.child);
  await before.over();
  expect(await isHeld()).toBe(true);
  // The waiting is over, and the lock stays where it is.
  await expect.poll(async () => (await waitersOf(after.child)).length, { timeout: 20_000 }).toBe(0);
  expect(await isHeld()).toBe(true);
  await end(after.child);
  await after.over();
  expect(await files()).toEqual([]);
});

test.skipIf(!canWait)('a guest that does not arrive leaves the lease where it was, and no program', async () => {
  const before = await runWith(await take('one'));
  const after = await runWith(await take('other', source));
  expect((await waitersOf(after.child)).length).toBeGreaterThan(0);
  await end(after.child);
  await after.over();
  await expect.poll(async () => (await waitersOf(after.child)).length, { timeout: 20_000 }).toBe(0);
  expect(await isHeld()).toBe(true);
  await end(before.child);
  await before.over();
  expect(await files()).toEqual([]);
});

test.skipIf(!canWait)('the program that waits ends with the QEMU that it waits for, though no driver is there to end it', async () => {
  await runWith(await take('one'));
  const after = await runWith(await take('other', source));
  await end(after.child);
  await expect.poll(async () => (await waitersOf(after.child)).length, { timeout: 20_000 }).toBe(0);
});

test('only the run that was named hands its lease over', async () => {
  await runWith(await take('one'));
  for (const other of [{ ...source, stateFolder: '/state/of third' }, { ...source, hostName: 'elsewhere' }, { ...source, domainUuid: 'f1111111-2222-4333-8444-555555555555' }, null]) {
    await expect(take('other', other)).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { stateFolder: '/state/of one' } } });
  }
});

/** Processes that wait for locks in the name of this one. */
async function waitersOf(child: ChildProcess): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const isThere = await access(`/proc/${pid}/exe`).then(() => true, () => false);
    return isThere && argv[0] === '/bin/sh' && argv[4] === String(child.pid) ? pid : null;
  }));
  return found.filter((pid) => pid !== null);
}
