/** Dumps of real guests (J3): complete or absent, with the guest afterwards as it was before, whatever happens on the way. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MethodInput, MethodResult } from '../../core/api/contract.ts';
import { lookup } from '../support/boot-guest.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

const run = promisify(execFile);
let host: TestHost;
let folder: string;

beforeEach(async () => {
  host = await openTestHost();
  folder = path.join(host.home, 'out');
  await mkdir(folder);
});

afterEach(async () => {
  await run('umount', [folder]).catch(() => {});
  await host[Symbol.asyncDispose]();
});

type Options = Partial<MethodInput<'domainCoreDumpWithFormat'>>;

function dump(options: Options = {}): Promise<MethodResult<'domainCoreDumpWithFormat'>> {
  return host.client.call('domainCoreDumpWithFormat', { domain: 'boot', to: path.join(folder, 'core'), ...options });
}

/** QEMU throttles nothing: a guest this large takes a second or more to write. */
const large = { memoryMiB: 512 };

/** A dump that QEMU works on now. */
async function begunDump(options: Options = {}): Promise<{ readonly done: Promise<MethodResult<'domainCoreDumpWithFormat'> | Error> }> {
  const done = dump(options).catch((error: Error) => error);
  await expect.poll(async () => (await host.client.call('domainGetJobStats', { domain: 'boot' })).statistics?.memory.totalBytes ?? 0, { interval: 2, timeout: 20_000 }).toBeGreaterThan(0);
  return { done };
}

const progressOf = (guest: LifecycleGuest): string[] => guest.events.told.filter((told) => !told.startsWith('reboot'));

test('is an ELF file for its user alone, and a running guest runs on', async () => {
  await using guest = await startLifecycleGuest(host);
  const dumped = await dump();
  const file = path.join(folder, 'core');
  const { mode, size } = await stat(file);
  expect(dumped).toEqual({ file, sizeBytes: size, replaced: false });
  expect([mode & 0o777, (await readFile(file)).subarray(0, 4).toString('latin1'), await readdir(folder)]).toEqual([0o600, '\x7fELF', ['core']]);
  expect(size).toBeGreaterThan(16 << 20);
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'unpaused', jobs: { async: null } });
  expect(progressOf(guest)).toEqual(['suspended/paused', 'resumed/unpaused']);
  const { statistics } = await host.client.call('domainGetJobStats', { domain: 'boot', completed: true });
  expect(statistics).toMatchObject({ type: 'completed', operation: 'dump', success: true, memory: { remainingBytes: 0 } });
  expect(statistics?.memory.totalBytes).toBeGreaterThanOrEqual(16 << 20);
});

test('of a paused guest leaves it paused, and replaces a file that is there', async () => {
  await using guest = await startLifecycleGuest(host);
  await host.client.call('domainSuspend', { domain: 'boot' });
  await writeFile(path.join(folder, 'core'), 'of yesterday');
  expect(await dump({ live: true })).toMatchObject({ replaced: true });
  expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'user' });
  expect(progressOf(guest)).toEqual(['suspended/paused']);
});

test('comes in the formats that this QEMU writes, and is refused in others', async () => {
  await using _guest = await startLifecycleGuest(host);
  const { result } = await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: 'query-dump-guest-memory-capability' });
  const { formats } = (JSON.parse(result) as { readonly return: { readonly formats: readonly string[] } }).return;
  expect(formats).toContain('kdump-zlib');
  for (const format of ['kdump-zlib', 'kdump-lzo', 'kdump-snappy', 'win-dmp'] as const) {
    const to = path.join(folder, format);
    if (formats.includes(format) && format !== 'win-dmp') expect((await readFile((await dump({ to, format })).file)).subarray(0, 8).toString('latin1')).toBe('makedump');
    else await expect(dump({ to, format })).rejects.toMatchObject({ message: expect.stringMatching(format === 'win-dmp' && formats.includes(format) ? /dump/ : /unsupported dumpformat/) });
  }
  expect((await readdir(folder)).every((name) => formats.includes(name))).toBe(true);
  expect(await lookup(host)).toMatchObject({ state: 'running' });
});

test('with `crash` ends the domain as crashed, with `reset` resets it', async () => {
  await using guest = await startLifecycleGuest(host);
  await dump({ afterwards: 'reset' });
  await guest.serial.waitFor(/BOOT-SECTOR-READY/);
  expect(await lookup(host)).toMatchObject({ state: 'running', pid: guest.pid });
  await dump({ afterwards: 'crash' });
  expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'crashed', jobs: { async: null } });
  expect([await qemuProcessesOf(host.home), guest.events.told.at(-1)]).toEqual([[], 'stopped/crashed']);
  await expect(dump()).rejects.toMatchObject({ message: 'Requested operation is not valid: domain is not running' });
});

describe('while one is under way', () => {
  test('questions are answered, it shows how far it is, and it cannot be aborted', async () => {
    await using _guest = await startLifecycleGuest(host, large);
    const { done } = await begunDump();
    const { statistics, holder } = await host.client.call('domainGetJobStats', { domain: 'boot' });
    expect([statistics?.operation, holder?.owner, holder?.phase]).toEqual(['dump', 'remoteDispatchDomainCoreDumpWithFormat', 'dumping']);
    await expect(host.client.call('domainAbortJob', { domain: 'boot' })).rejects.toMatchObject({ message: 'Requested operation is not valid: cannot abort memory-only dump' });
    expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'dumping' });
    expect(await host.client.call('domainGetInfo', { domain: 'boot' })).toMatchObject({ memoryKiB: 512 << 10 });
    expect((await host.client.call('domainGetXMLDesc', { domain: 'boot' })).xml).toContain('<name>boot</name>');
    expect(await host.client.call('domainGetDiskErrors', { domain: 'boot' })).toEqual({ errors: [] });
    expect(await done).toMatchObject({ replaced: false });
    expect(await lookup(host)).toMatchObject({ state: 'running' });
  });

  test('a destroy ends it, and nothing of the dump is left', async () => {
    await using _guest = await startLifecycleGuest(host, large);
    const { done } = await begunDump();
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await done).toMatchObject({ code: 'OPERATION_INVALID' });
    await expect.poll(() => readdir(folder)).toEqual([]);
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed', jobs: { async: null } });
  });

  test('its driver closes: the next one finishes it, and the guest goes on', async () => {
    await using _guest = await startLifecycleGuest(host, large);
    const { done } = await begunDump();
    await host.reopen();
    expect(await done).toBeInstanceOf(Error);
    await expect.poll(() => lookup(host), { timeout: 40_000 }).toMatchObject({ state: 'running', jobs: { async: null } });
    expect(await readdir(folder)).toEqual(['core']);
    expect((await host.client.call('domainGetJobStats', { domain: 'boot', completed: true })).statistics).toMatchObject({ operation: 'dump', success: true });
  });
});

describe('one that cannot be written', () => {
  test('where it is to go is refused, and the guest runs on', async () => {
    await using guest = await startLifecycleGuest(host);
    await writeFile(path.join(host.home, 'precious'), 'keep');
    await symlink(path.join(host.home, 'precious'), path.join(folder, 'link'));
    for (const to of ['core', folder, path.join(folder, 'no', 'core'), path.join(folder, 'link')]) await expect(dump({ to }), to).rejects.toMatchObject({ domain: { name: 'boot' } });
    expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'booted' });
    expect([guest.events.told, await readdir(folder), await readFile(path.join(folder, 'link'), 'utf8')]).toEqual([[], ['link'], 'keep']);
  });

  test('because the disk is full leaves nothing behind, and the guest runs on', async (context) => {
    const mounted = process.geteuid?.() === 0 && (await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'vireo-test', folder]).then(() => true, () => false));
    context.skip(!mounted, 'it takes root to mount a small file system');
    await using guest = await startLifecycleGuest(host);
    await expect(dump()).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(/memory-only dump failed: .*No space left on device/) });
    expect(await readdir(folder)).toEqual([]);
    expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'unpaused', jobs: { async: null } });
    expect(progressOf(guest)).toEqual(['suspended/paused', 'resumed/unpaused']);
    expect((await host.client.call('domainGetJobStats', { domain: 'boot', completed: true })).statistics).toMatchObject({ type: 'failed', success: false });
  });
});
