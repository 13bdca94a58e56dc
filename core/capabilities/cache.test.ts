import { copyFile, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { CapabilitiesCache } from './cache.ts';
import type { ProbedCapabilities } from './probe.ts';

const probed: ProbedCapabilities = {
  arch: 'x86_64',
  version: { major: 7, minor: 2, micro: 22, package: 'Debian' },
  machines: [{ name: 'pc-q35-7.2', alias: 'q35', isDefault: false, maximumCpus: 288, hotpluggableCpus: true, deprecated: false }],
  deviceTypes: new Set(['virtio-blk-pci']),
  objectTypes: new Set(['iothread']),
  commands: new Set(['stop']),
  events: new Set(['STOP']),
  cpuModels: ['qemu64'],
  commandLineOptions: new Map([['memory', new Set(['size'])]]),
  accelerators: ['kvm', 'tcg'],
};

let folder: string;
let binary: string;
let probes: number;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  binary = path.join(folder, 'qemu');
  await writeFile(binary, 'one');
  probes = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function open(options: { probe?: () => Promise<ProbedCapabilities>; clock?: Clock } = {}): CapabilitiesCache {
  const probe = (): Promise<ProbedCapabilities> => ((probes += 1), options.probe?.() ?? Promise.resolve(probed));
  return new CapabilitiesCache({ folder: path.join(folder, 'kept'), probe, clock: options.clock ?? systemClock, log: silentLog });
}

test('all who ask share one probe and one object, and the next driver needs none', async () => {
  const cache = open();
  const [first, second] = await Promise.all([cache.get(binary), cache.get(binary)]);
  expect(second).toBe(first);
  expect(first).toEqual({ key: first.key, binary, ...probed });
  const next = open();
  expect(await next.get(binary)).toEqual(first);
  expect(await next.byKey(first.key)).toBe(await next.get(binary));
  expect(probes).toBe(1);
});

test('a link is the file that it leads to', async () => {
  await symlink(binary, path.join(folder, 'link'));
  const cache = open();
  expect(await cache.get(path.join(folder, 'link'))).toBe(await cache.get(binary));
});

test('a changed binary is probed again, and what it was stays reachable by key', async () => {
  const before = await open().get(binary);
  await writeFile(binary, 'another');
  const cache = open();
  expect((await cache.get(binary)).key).not.toBe(before.key);
  expect(await cache.byKey(before.key)).toEqual(before);
  expect(probes).toBe(2);
});

test.each(['', '{"format":1', '{"format":99}', '[]'])('a file with %j in it is ignored and written anew', async (damage) => {
  const { key } = await open().get(binary);
  await writeFile(path.join(folder, 'kept', `${key}.json`), damage);
  expect(await open().byKey(key)).toBeNull();
  await open().get(binary);
  expect(await open().byKey(key)).toMatchObject({ key });
  expect(probes).toBe(2);
});

test('a file of another key does not pass for this one', async () => {
  const { key } = await open().get(binary);
  await writeFile(binary, 'another');
  const other = await open().get(binary);
  await copyFile(path.join(folder, 'kept', `${key}.json`), path.join(folder, 'kept', `${other.key}.json`));
  expect(await open().byKey(other.key)).toBeNull();
});

test('a key from outside cannot lead out of the folder', async () => {
  await writeFile(path.join(folder, 'secret.json'), '{}');
  expect(await open().byKey('../secret')).toBeNull();
});

test('a failure is told to all for ten seconds before it is tried again', async () => {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, now: () => nowMs };
  const cache = open({ clock, probe: () => Promise.reject(new Error(`failure ${probes}`)) });
  await expect(cache.get(binary)).rejects.toThrow('failure 1');
  nowMs = 9999;
  await expect(cache.get(binary)).rejects.toThrow('failure 1');
  nowMs = 10_000;
  await expect(cache.get(binary)).rejects.toThrow('failure 2');
});

test("one caller's abort leaves the probe to the others", async () => {
  let answer!: (capabilities: ProbedCapabilities) => void;
  const answered = new Promise<ProbedCapabilities>((resolve) => (answer = resolve));
  const cache = open({ probe: () => answered });
  const stop = new AbortController();
  const impatient = cache.get(binary, stop.signal);
  const patient = cache.get(binary);
  stop.abort(new Error('enough'));
  await expect(impatient).rejects.toThrow('enough');
  answer(probed);
  expect(await patient).toMatchObject({ arch: 'x86_64' });
});

test('pruning keeps what is in use and what was asked for', async () => {
  const old = await open().get(binary);
  await writeFile(binary, 'another');
  const used = await open().get(binary);
  await writeFile(binary, 'a third');
  const cache = open();
  const current = await cache.get(binary);
  await cache.prune(new Set([used.key]));
  expect((await readdir(path.join(folder, 'kept'))).sort()).toEqual([current.key, used.key].map((key) => `${key}.json`).sort());
  expect(await cache.byKey(old.key)).toBeNull();
});
