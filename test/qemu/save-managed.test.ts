/** The saved state that a domain keeps itself (J1): its next start takes it, once, and nothing else runs beside it. */
import { access, chmod, mkdir, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VireoError } from '../../core/base/errors.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const on = { domain: 'boot' };
let host: TestHost;
let guest: LifecycleGuest;
let image: string;

beforeEach(async () => {
  host = await openTestHost();
  guest = await startLifecycleGuest(host);
  image = path.join(host.home, 'guests', (await lookup(host)).uuid, 'managed.save');
});

afterEach(async () => {
  await guest[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const isThere = (): Promise<boolean> => access(image).then(() => true, () => false);

test('the next start goes on there, and has used it up', async () => {
  await host.client.call('domainManagedSave', on);
  expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'saved', hasManagedSave: true });
  expect(guest.events.all.findLast(({ event }) => event === 'stopped')).toMatchObject({ detail: 'saved', summary: { hasManagedSave: true } });
  await host.reopen();
  expect(await lookup(host)).toMatchObject({ state: 'shut off', hasManagedSave: true });
  expect(await host.client.call('domainCreate', on)).toMatchObject({ state: 'running', reason: 'restored', hasManagedSave: false, pendingChanges: false });
  expect(await isThere()).toBe(false);
  await host.client.call('domainDestroy', on);
  expect(await host.client.call('domainCreate', on)).toMatchObject({ state: 'running', reason: 'booted' });
});

test('a start may leave it paused, and one that is told to boots and discards it', async () => {
  await host.client.call('domainManagedSave', on);
  expect(await host.client.call('domainCreate', { ...on, paused: true })).toMatchObject({ state: 'paused', hasManagedSave: false });
  await host.client.call('domainManagedSave', { ...on, restoresTo: 'running' });
  expect(await host.client.call('domainCreate', on)).toMatchObject({ state: 'running', reason: 'restored' });
  await host.client.call('domainManagedSave', on);
  expect(await host.client.call('domainCreate', { ...on, forceBoot: true })).toMatchObject({ state: 'running', reason: 'booted', hasManagedSave: false });
  expect(await isThere()).toBe(false);
});

test('its definition can be read and changed', async () => {
  await expect(host.client.call('domainManagedSaveGetXMLDesc', on)).rejects.toMatchObject({ message: 'Requested operation is not valid: domain does not have managed save image' });
  await host.client.call('domainManagedSave', on);
  const { xml } = await host.client.call('domainManagedSaveGetXMLDesc', { ...on, secure: true });
  expect(await host.client.call('domainManagedSaveDefineXML', { ...on, xml: xml.replace('</name>', '</name><title>changed</title>') })).toEqual({ changed: true });
  expect(await host.client.call('domainCreate', on)).toMatchObject({ title: 'changed', pendingChanges: true });
});

test('it is discarded when it is asked for, and goes with the definition only then', async () => {
  expect(await host.client.call('domainManagedSaveRemove', on)).toEqual({ removed: false });
  await host.client.call('domainManagedSave', on);
  expect(await host.client.call('domainManagedSaveRemove', on)).toEqual({ removed: true });
  expect([await isThere(), await lookup(host)]).toMatchObject([false, { hasManagedSave: false }]);
  await host.client.call('domainCreate', on);
  await host.client.call('domainManagedSave', on);
  await expect(host.client.call('domainUndefine', on)).rejects.toMatchObject({ message: 'Requested operation is not valid: Refusing to undefine while domain managed save image exists' });
  await host.client.call('domainUndefine', { ...on, managedSave: true, keepTpm: true });
  expect(await isThere()).toBe(false);
  expect(await host.client.call('connectListAllDomains', {})).toMatchObject({ domains: [] });
});

test('nothing else runs the domain’s disks while it is there', async () => {
  await host.client.call('domainSave', { ...on, to: path.join(host.home, 'other.save') });
  await host.client.call('domainCreate', on);
  await host.client.call('domainManagedSave', on);
  const { uuid } = await lookup(host);
  await expect(host.client.call('domainRestore', { from: path.join(host.home, 'other.save') })).rejects.toMatchObject({ message: expect.stringContaining('has a saved state') });
  await expect(host.client.call('domainCreateXML', { xml: bootGuestXml(path.join(host.home, 'boot.raw'), { uuid }) })).rejects.toMatchObject({ message: expect.stringContaining('has a saved state') });
  expect(await host.client.call('domainCreate', on)).toMatchObject({ reason: 'restored' });
});

test('two starts at once take it once', async () => {
  await host.client.call('domainManagedSave', on);
  const answers = await Promise.all([1, 2].map(() => host.client.call('domainCreate', on).catch((error: VireoError) => error.code)));
  expect(answers).toEqual(expect.arrayContaining([expect.objectContaining({ reason: 'restored' }), 'OPERATION_INVALID']));
});

test('a domain that is not persistent keeps none', async () => {
  await host.client.call('domainUndefine', on);
  await expect(host.client.call('domainManagedSave', on)).rejects.toMatchObject({ message: 'Requested operation is not valid: cannot do managed save for transient domain' });
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'booted' });
});

describe('one that cannot be used', () => {
  test.each([
    ['because it is damaged', () => truncate(image, 500)],
    ['because its state is', async () => await truncate(image, 92 + (await readFile(image)).readUInt32LE(20) + 5_000)],
  ])('%s is kept, and the refusal says how to boot without it', async (_why, damage) => {
    await host.client.call('domainManagedSave', on);
    await damage();
    await expect(host.client.call('domainCreate', on)).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(/managed\.save.*--force-boot boots without it/s) });
    expect([await isThere(), await lookup(host)]).toMatchObject([true, { state: 'shut off', hasManagedSave: true }]);
    expect(await host.client.call('domainCreate', { ...on, forceBoot: true })).toMatchObject({ reason: 'booted', hasManagedSave: false });
  });

  test('because a hook refuses is kept, too', async () => {
    await host.client.call('domainManagedSave', on);
    const hooks = path.join(host.home, 'hooks');
    await mkdir(hooks, { mode: 0o755 });
    await writeFile(path.join(hooks, 'qemu'), '#!/bin/sh\n[ "$2" = restore ] && exit 1\nexit 0\n');
    await chmod(path.join(hooks, 'qemu'), 0o755);
    await expect(host.client.call('domainCreate', on)).rejects.toMatchObject({ message: expect.stringMatching(/Hook script/) });
    expect([await isThere(), await lookup(host)]).toMatchObject([true, { state: 'shut off', hasManagedSave: true }]);
  });
});

test('a guest that runs has none: what a driver left that died is removed by the next', async () => {
  await host.close();
  await writeFile(image, 'restored long ago', { flag: 'w' }).catch(async () => {
    await mkdir(path.dirname(image), { recursive: true });
    await writeFile(image, 'restored long ago');
  });
  await host.open();
  await expect.poll(isThere, { timeout: 20_000 }).toBe(false);
  expect(await lookup(host)).toMatchObject({ state: 'running', hasManagedSave: false });
  expect(await readdir(path.dirname(image))).not.toContain('managed.save');
});
