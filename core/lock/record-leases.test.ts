/** A system without locks that outlive their owner: the records are the truth, and are judged by process. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureDefinition } from '../../test/support/status-fixture.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { defaultHostSettings } from '../status/host-settings.ts';
import { ImageLeases } from './image-leases.ts';

const uuid = '11111111-2222-4333-8444-555555555555';
let folder: string;
let image: string;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  image = path.join(folder, 'image.raw');
  await writeFile(image, 'x');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function take(name: string): Promise<ImageLeases> {
  const made = fixtureDefinition(uuid);
  const devices = made.devices.map((device) => (device.kind === 'disk' ? { ...device, backend: { type: 'file', source: { ...device.backend.source, file: image } } } : device)) as DomainDefinition['devices'];
  const context = { settings: { ...defaultHostSettings, leaseFolder: folder }, clock: systemClock, log: silentLog, stateFolder: '/state', advisoryLocks: () => Promise.resolve(null) };
  return ImageLeases.take(context, { name, uuid }, { ...made, devices }, new AbortController().signal);
}

const records = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith('.json'));

test('who comes second is refused as long as the process of the first lives, and no longer', async () => {
  const leases = await take('one');
  expect(leases.descriptors).toEqual([]);
  await expect(take('other')).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { domain: { name: 'one' } } } });
  const [record = ''] = await records();
  const file = path.join(folder, record);
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"startTime":"\d+"/, '"startTime":"0"'));
  const other = await take('other');
  await leases[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  expect(await records()).toEqual([]);
});

test('of several that come at once at most one has it', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_, at) => take(`guest ${at}`)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value[Symbol.asyncDispose]();
  expect(await records()).toEqual([]);
});
