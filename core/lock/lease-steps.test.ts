import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { DisposableStack } from '../base/lifetime.ts';
import { silentLog } from '../base/log.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { fixtureDefinition } from '../../test/support/status-fixture.ts';
import { defaultHostSettings } from '../status/host-settings.ts';
import { takeLeases } from './lease-steps.ts';

const uuid = '11111111-2222-4333-8444-555555555555';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await writeFile(path.join(folder, 'image.raw'), 'x');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A start whose lease folder answers when it is told to. */
function startOn(answer: Promise<boolean>, givenUp: AbortSignal, clock = systemClock): Parameters<typeof takeLeases>[0] {
  const made = fixtureDefinition(uuid);
  const devices = made.devices.map((device) => (device.kind === 'disk' ? { ...device, backend: { type: 'file', source: { ...device.backend.source, file: path.join(folder, 'image.raw') } } } : device)) as DomainDefinition['devices'];
  const context = { settings: { ...defaultHostSettings, leaseFolder: folder }, clock, log: silentLog, stateFolder: '/state', advisoryLocks: () => Promise.resolve({ openFlags: () => 0, lock: () => answer }) };
  return { context, domain: { name: 'web-1', uuid }, definition: { ...made, devices }, givenUp, resources: new DisposableStack(), inherited: [], leases: null, options: { paused: false } } as unknown as Parameters<typeof takeLeases>[0];
}

test('a start that is given up while its lease folder does not answer ends, and gives back what comes later', async () => {
  const givenUp = new AbortController();
  let answer = (_held: boolean): void => {};
  const start = startOn(new Promise((resolve) => (answer = resolve)), givenUp.signal);
  const taking = takeLeases(start);
  givenUp.abort(new Error('destroyed'));
  await expect(taking).rejects.toThrow('destroyed');
  expect(start.leases).toBeNull();
  answer(true);
  await expect.poll(() => readdir(folder)).toEqual(['image.raw']);
});

test('a lease folder that does not answer is waited for only so long, and named', async () => {
  const hasty = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 1000, signal) };
  await expect(takeLeases(startOn(new Promise(() => {}), new AbortController().signal, hasty))).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT', message: expect.stringContaining(`the folder of the disk leases, '${folder}', does not answer`) as string });
});
