/** Disks that fail under a real guest: full file systems, and what the policies of a disk make of them (F7). */
import { execFile } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lookup, waitForState } from '../support/boot-guest.ts';
import { writeSectors } from '../support/boot-sector.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const run = promisify(execFile);

/** A file system of 64 KiB, for root where it may mount one. */
async function mayMount(): Promise<boolean> {
  if (process.geteuid?.() !== 0) return false;
  const folder = `/tmp/vireo-mount-${process.pid}`;
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'vireo-test', folder]);
    await run('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    await run('rmdir', [folder]);
  }
}

const canMount = await mayMount();
let host: TestHost;
let folder: string;

beforeEach(async () => {
  host = await openTestHost();
  folder = path.join(host.home, 'small');
  await mkdir(folder);
});

afterEach(async () => {
  for (const { id, uuid } of (await host.client.call('connectListAllDomains', {})).domains) if (id !== null) await host.client.call('domainDestroy', { domain: uuid });
  await run('umount', [folder]).catch(() => {});
  await host[Symbol.asyncDispose]();
});

/** A guest whose second disk is a file of 1 MiB with holes, on a file system that has room for 64 KiB. */
async function startWithFullDisk(policies: string): Promise<LifecycleGuest> {
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'vireo-test', folder]);
  const file = path.join(folder, 'second.raw');
  await writeFile(file, '');
  await truncate(file, 1 << 20);
  const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw' ${policies}/><source file='${file}'/><target dev='sdb' bus='sata'/><boot order='2'/></disk>`;
  return startLifecycleGuest(host, { devices: disk });
}

const noSpace = { disk: 'sdb', error: 'no space', message: 'No space left on device' };
const errors = async (): Promise<unknown> => (await host.client.call('domainGetDiskErrors', { domain: 'boot' })).errors;
const stoppedFor = async (): Promise<void> => {
  expect(await waitForState(host, 'paused')).toMatchObject({ reason: 'I/O error', diskErrors: [noSpace] });
};

describe.skipIf(!canMount)('a guest on a full file system', () => {
  test.each([[''], ["error_policy='stop' rerror_policy='stop'"]])('with <driver %s> is paused, says which disk and why, and goes on once there is room', async (policies) => {
    await using guest = await startWithFullDisk(policies);
    await guest.obey(writeSectors(0));
    await guest.obey(writeSectors(64));
    await guest.type(writeSectors(128));
    await stoppedFor();
    expect(await errors()).toEqual([noSpace]);
    const told = guest.events.all.filter(({ type }) => type === 'io-error' || type === 'io-error-reason');
    const details = { path: path.join(folder, 'second.raw'), alias: 'sata0-0-1', action: 'pause' };
    expect(told).toMatchObject([{ type: 'io-error', detail: 'sdb: No space left on device', details }, { type: 'io-error-reason', detail: 'enospc', details: { ...details, reason: 'enospc' } }]);
    expect(guest.events.told).toContain('suspended/ioerror');

    await host.client.call('domainResume', { domain: 'boot' }); // as long as it is full it is paused again
    await stoppedFor();
    await host.reopen();
    await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ state: 'paused', reason: 'I/O error', diskErrors: [noSpace] });
    expect(await errors()).toEqual([noSpace]);

    await run('mount', ['-o', 'remount,size=2m', folder]);
    await host.client.call('domainResume', { domain: 'boot' });
    await expect.poll(() => lookup(host), { timeout: 20_000 }).toMatchObject({ state: 'running', diskErrors: [] });
    expect(await errors()).toEqual([]);
  });

  test("with error_policy='report' hears of it and runs on, and the disk is named all the same", async () => {
    await using guest = await startWithFullDisk("error_policy='report'");
    await guest.obey(writeSectors(0));
    await guest.obey(writeSectors(64));
    await guest.obey(writeSectors(128));
    await expect.poll(errors, { timeout: 20_000 }).toEqual([noSpace]);
    expect(await lookup(host)).toMatchObject({ state: 'running', diskErrors: [noSpace] });
    expect(guest.events.all.find(({ type }) => type === 'io-error')).toMatchObject({ details: { action: 'report' } });
  });

  test("with error_policy='ignore' never hears of it", async () => {
    await using guest = await startWithFullDisk("error_policy='ignore' rerror_policy='ignore'");
    for (const sector of [0, 64, 128, 192]) await guest.obey(writeSectors(sector));
    expect([await lookup(host), await errors()]).toMatchObject([{ state: 'running', diskErrors: [] }, []]);
    await host.client.call('domainDestroy', { domain: guest.name });
    await expect(errors()).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
  });
});
