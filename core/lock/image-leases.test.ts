import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { fixtureDefinition } from '../../test/support/status-fixture.ts';
import { defaultHostSettings } from '../status/host-settings.ts';
import { ImageLeases } from './image-leases.ts';

const uuids = ['11111111-2222-4333-8444-555555555555', '21111111-2222-4333-8444-555555555555'] as const;
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

function definition(file = image, words: { readonly?: boolean; shareable?: boolean } = {}): DomainDefinition {
  const made = fixtureDefinition(uuids[0]);
  return { ...made, devices: made.devices.map((device) => (device.kind === 'disk' ? { ...device, ...words, backend: { type: 'file', source: { ...device.backend.source, file } } } : device)) as DomainDefinition['devices'] };
}

function take(name: string, what = definition(), settings = {}): Promise<ImageLeases> {
  const context = { settings: { ...defaultHostSettings, leaseFolder: folder, ...settings }, clock: systemClock, log: silentLog, stateFolder: `/state/of ${name}` };
  return ImageLeases.take(context, { name, uuid: uuids[0] }, what, new AbortController().signal);
}

/** A program that has inherited the leases, as QEMU does. */
async function programWith(leases: ImageLeases): Promise<ChildProcess> {
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', ...leases.descriptors] });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

const leaseFiles = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name !== 'image.raw' && name !== 'alias.raw');

test('a lease that is disposed is free, and leaves nothing', async () => {
  const leases = await take('one');
  await expect(take('other')).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { domain: { name: 'one' }, pid: process.pid, stateFolder: '/state/of one' } } });
  await leases[Symbol.asyncDispose]();
  expect(await leaseFiles()).toEqual([]);
  await (await take('other'))[Symbol.asyncDispose]();
});

test('a lease lives exactly as long as the program that has inherited it, whatever the driver closes', async () => {
  const leases = await take('one');
  const child = await programWith(leases);
  await leases[Symbol.asyncDispose](); // the records go, the lock stays
  await expect(take('other')).rejects.toMatchObject({ code: 'RESOURCE_BUSY', message: expect.stringContaining(`process ${child.pid} (sleep) holds its lease`) as string });
  await end(child);
  await (await take('other'))[Symbol.asyncDispose]();
});

test('a record that outlived its holder holds nobody up, and goes with the next holder', async () => {
  const leases = await take('one');
  const [record = ''] = (await leaseFiles()).filter((name) => name.endsWith('.json'));
  const holder = JSON.parse(await readFile(path.join(folder, record), 'utf8')) as object;
  expect(holder).toMatchObject({ domain: { name: 'one' }, mode: 'exclusive', target: 'vda' });
  await leases[Symbol.asyncDispose]();
  const stale = record.replace(/[\da-f]+\.json$/, 'abcdef.json');
  await writeFile(path.join(folder, stale), JSON.stringify({ ...holder, startTime: 'long ago' }));
  const reader = await take('reader', definition(image, { readonly: true }));
  await expect(take('writer')).rejects.toMatchObject({ details: { holders: [{ domain: { name: 'reader' } }] } });
  await reader[Symbol.asyncDispose]();
  const writer = await take('writer');
  expect((await leaseFiles()).filter((name) => name.endsWith('.json'))).toHaveLength(1);
  await writer[Symbol.asyncDispose]();
});

test('a record that would speak to the terminal of whoever is refused says nothing', async () => {
  const leases = await take('one');
  const child = await programWith(leases);
  const [record = ''] = (await leaseFiles()).filter((name) => name.endsWith('.json'));
  const file = path.join(folder, record);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"one"', String.raw`"\u001b[2Jone"`));
  await expect(take('other')).rejects.toMatchObject({ message: expect.stringContaining(`process ${child.pid} (sleep) holds its lease`) as string });
  await end(child);
  await leases[Symbol.asyncDispose]();
});

test('several take one image at the same moment: exactly one has it', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, (_, at) => take(`guest ${at}`)));
  const taken = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  expect(taken).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { pid: process.pid } } });
  for (const leases of taken) await leases[Symbol.asyncDispose]();
});

test('one after the other has it at once: what gives a lease back holds up nobody', async () => {
  for (let round = 0; round < 10; round += 1) {
    const leases = await take('one');
    const [next] = await Promise.all([retried(() => take('other')), leases[Symbol.asyncDispose]()]);
    await next[Symbol.asyncDispose]();
  }
  expect(await leaseFiles()).toEqual([]);
});

/** Until who had it has ended; a lease that nobody has is never refused. */
async function retried(attempt: () => Promise<ImageLeases>): Promise<ImageLeases> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      expect(error).toMatchObject({ details: { holder: { domain: { name: 'one' } } } });
    }
  }
}

test('readers share, and a writer is told of all of them', async () => {
  const readers = [await take('one', definition(image, { readonly: true })), await take('two', definition(image, { shareable: true }))];
  await expect(take('writer')).rejects.toMatchObject({ details: { mode: 'exclusive', holders: [{ mode: 'shared' }, { mode: 'shared' }] } });
  await readers[0]?.[Symbol.asyncDispose]();
  await expect(take('writer')).rejects.toMatchObject({ details: { holders: [{ domain: { name: 'two' } }] } });
  await readers[1]?.[Symbol.asyncDispose]();
  await (await take('writer'))[Symbol.asyncDispose]();
});

describe('the same image is meant by', () => {
  test('a hard link, in this computer’s own folder', async () => {
    const alias = path.join(folder, 'alias.raw');
    await link(image, alias);
    const own = { leaseFolder: null };
    const leases = await take('one', definition(), own);
    await expect(take('other', definition(alias), own)).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { image: alias, holder: { image } } });
    await leases[Symbol.asyncDispose]();
  });

  test('nothing that is not there, which others report', async () => {
    const leases = await take('one', definition(path.join(folder, 'missing')));
    expect(leases.descriptors).toEqual([]);
  });
});

test('with the lock manager off there are no leases', async () => {
  const leases = await take('one', definition(), { lockManager: 'none', leaseFolder: '/nowhere' });
  expect(leases.descriptors).toEqual([]);
});
