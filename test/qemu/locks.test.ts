/** An image is never written by two: leases that live and die with QEMU, for all hosts of this computer, whatever dies around them. */
import { execFile } from 'node:child_process';
import { link, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VireoError } from '../../core/base/errors.ts';
import type { ImageLease } from '../../core/domain/image-lease.ts';
import type { LiveDomain } from '../../core/domain/live-domain.ts';
import { releaseLease } from '../../core/lock/end-leases.ts';
import { commonLeaseFolder } from '../../core/lock/lease-folder.ts';
import { processesWithOpen } from '../../core/lock/open-files.ts';
import { findProgram } from '../../core/process/host-needs.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { HostProcess, buildHostProgram } from '../support/host-process.ts';
import { leaseRecordsOf } from '../support/left-leases.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

const run = promisify(execFile);
const hasSwtpm = (await findProgram(['swtpm'])) !== null;

let one: TestHost;
let other: TestHost;
let disk: string;

beforeEach(async () => {
  [one, other] = await Promise.all([openTestHost(), openTestHost()]);
  disk = await defineBootGuest(one, { name: 'first' });
  await defineBootGuest(other, { name: 'second', disk });
});

afterEach(async () => {
  for (const host of [one, other]) {
    for (const { uuid, id } of (await host.client.call('connectListAllDomains', {})).domains) if (id !== null) await host.client.call('domainDestroy', { domain: uuid });
    expect(await leaseRecordsOf(host.home)).toEqual([]);
  }
  await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
});

async function start(host: TestHost, domain: string): Promise<number> {
  return (await host.client.call('domainCreate', { domain, paused: true })).pid as number;
}

async function refused(host: TestHost, domain: string): Promise<VireoError> {
  return host.client.call('domainCreate', { domain }).then(
    () => expect.unreachable('the start succeeded'),
    (thrown: VireoError) => thrown,
  );
}

/** The boot guest with a second disk; both are described by hand. */
async function defineWith(host: TestHost, name: string, boot: string, more: readonly { source: string; words?: string; device?: string; format?: string }[], bootWords = ''): Promise<void> {
  const disks = more.map(({ source, words = '', device = 'disk', format = 'raw' }, at) => `<disk type='file' device='${device}'><driver name='qemu' type='${format}'/><source file='${source}'/><target dev='sd${'bcd'[at]}' bus='sata'/>${words}</disk>`);
  const xml = bootGuestXml(boot, { name }).replace("<target dev='sda' bus='sata'/>", `<target dev='sda' bus='sata'/>${bootWords}`).replace("<controller type='usb'", `${disks.join('')}<controller type='usb'`);
  await host.client.call('domainDefineXML', { xml });
}

async function image(host: TestHost, name: string): Promise<string> {
  const file = path.join(host.home, name);
  await writeFile(file, bootSectorImage());
  return file;
}

async function setSettings(host: TestHost, settings: object): Promise<void> {
  await host.close();
  await writeFile(path.join(host.home, 'settings.json'), JSON.stringify(settings));
  await host.open();
}

describe('two hosts on one computer', () => {
  test('never write one image: the second is told who has it, since when and where', async () => {
    const pid = await start(one, 'first');
    const { uuid } = await lookup(one, 'first');
    const error = await refused(other, 'second');
    expect(error).toMatchObject({ code: 'RESOURCE_BUSY', details: { image: disk, target: 'sda', mode: 'exclusive', holder: { pid, domain: { name: 'first', uuid }, stateFolder: one.home, mode: 'exclusive' } } });
    expect(error.message).toMatch(new RegExp(`^resource busy: the image '${disk}' of disk 'sda' is in use: domain 'first' \\(pid ${pid}, state folder ${one.home}, since 20.*Z\\) writes it$`));
    expect(await lookup(other, 'second')).toMatchObject({ state: 'shut off', reason: 'failed' });
    await one.client.call('domainDestroy', { domain: 'first' });
    const secondPid = await start(other, 'second');
    expect(await refused(one, 'first')).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { pid: secondPid, stateFolder: other.home } } });
  });

  test('find no lease after QEMU was killed', async () => {
    process.kill(await start(one, 'first'), 'SIGKILL');
    await waitForState(one, 'shut off', 'first');
    await start(other, 'second');
  });

  test('find no lease after QEMU was killed while no driver looked', async () => {
    const pid = await start(one, 'first');
    await one.close();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => start(other, 'second').catch(() => null), { timeout: 20_000 }).not.toBeNull();
    await one.open();
    await waitForState(one, 'shut off', 'first');
    expect(await refused(one, 'first')).toMatchObject({ code: 'RESOURCE_BUSY' });
  });

  test('respect a guest whose host is closed, and after it has come back', async () => {
    const pid = await start(one, 'first');
    await one.close();
    expect(await refused(other, 'second')).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { pid } } });
    await one.open();
    await waitForState(one, 'paused', 'first');
    expect(await refused(other, 'second')).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { pid } } });
    await one.client.call('domainDestroy', { domain: 'first' });
    await start(other, 'second');
  });

  test('respect a guest whose driver was killed', async () => {
    const program = await buildHostProgram(other.home);
    await one.close();
    const driver = new HostProcess(program, one.home, 'first');
    await expect.poll(() => driver.isReady, { timeout: 30_000 }).toBe(true);
    await driver.kill();
    const [pid] = await qemuProcessesOf(one.home);
    expect(await refused(other, 'second')).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { pid, domain: { name: 'first' } } } });
    await one.open();
    await waitForState(one, 'running', 'first');
    await one.client.call('domainDestroy', { domain: 'first' });
    await start(other, 'second');
  });

  test.each([
    ['a symbolic link', symlink],
    ['a hard link', link],
  ])('are not deceived by %s', async (_what, make) => {
    const alias = path.join(other.home, 'alias.raw');
    await make(disk, alias);
    await other.client.call('domainDefineXML', { xml: bootGuestXml(alias, { name: 'third' }) });
    await start(one, 'first');
    expect(await refused(other, 'third')).toMatchObject({ code: 'RESOURCE_BUSY', details: { image: alias, holder: { image: disk } } });
  });
});

describe('an image', () => {
  test('that is only read, or that its guests agreed to share, is had by several, and by nobody who writes it', async () => {
    const shared = await image(one, 'shared.raw');
    const boots = await Promise.all(['a', 'b', 'c', 'd'].map((name) => image(one, `${name}.raw`)));
    const [a = '', b = '', c = '', d = ''] = boots;
    await defineWith(one, 'reads', a, [{ source: shared, device: 'cdrom' }]);
    await defineWith(other, 'reads too', b, [{ source: shared, device: 'cdrom' }]);
    await defineWith(other, 'writes', c, [{ source: shared }]);
    await defineWith(one, 'shares', d, [{ source: shared, words: '<shareable/>' }]);
    const pid = await start(one, 'reads');
    await start(other, 'reads too');
    const error = await refused(other, 'writes');
    expect(error).toMatchObject({ code: 'RESOURCE_BUSY', details: { target: 'sdb', mode: 'exclusive', holders: expect.arrayContaining([expect.objectContaining({ pid, mode: 'shared' })]) } });
    expect(error.message).toMatch(/reads it, and 1 more use it$/);
    await one.client.call('domainDestroy', { domain: 'reads' });
    await other.client.call('domainDestroy', { domain: 'reads too' });
    await start(one, 'shares');
    expect((await refused(other, 'writes')).message).toMatch(/domain 'shares' .* reads it$/);
    await one.client.call('domainDestroy', { domain: 'shares' });
    await start(other, 'writes');
    expect((await refused(one, 'reads')).message).toMatch(/domain 'writes' .* writes it$/);
  });

  test('below others is shared by what lies on it, and written by nobody meanwhile', async () => {
    const base = await image(one, 'base.raw');
    for (const name of ['top1', 'top2']) await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', path.join(one.home, name)]);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => image(one, `${name}.raw`)));
    await defineWith(one, 'top1', a ?? '', [{ source: path.join(one.home, 'top1'), format: 'qcow2' }]);
    await defineWith(other, 'top2', b ?? '', [{ source: path.join(one.home, 'top2'), format: 'qcow2' }]);
    await defineWith(other, 'base', c ?? '', [{ source: base }]);
    await start(one, 'top1');
    await start(other, 'top2');
    expect(await refused(other, 'base')).toMatchObject({ code: 'RESOURCE_BUSY', details: { image: base, holders: [{ mode: 'shared' }, { mode: 'shared' }] } });
    expect(one.host.driver.find('top1').live?.leases.map(({ image: file, target, mode }) => [path.basename(file), target, mode])).toEqual([['a.raw', 'sda', 'exclusive'], ['top1', 'sdb', 'exclusive'], ['base.raw', 'sdb', 'shared']]);
  });

  test('twice in one domain is refused with both disks named, unless both share it', async () => {
    const twin = path.join(one.home, 'twin.raw');
    await symlink(disk, twin);
    await defineWith(one, 'twice', disk, [{ source: twin }]);
    expect(await refused(one, 'twice')).toMatchObject({ code: 'CONFIG_UNSUPPORTED', message: `unsupported configuration: disks 'sda' and 'sdb' use the same image, as '${disk}' and as '${twin}', and one of them writes it; only disks that are all <shareable/> or all <readonly/> may`, details: { targets: ['sda', 'sdb'] } });
    await defineWith(one, 'twice', disk, [{ source: twin, words: '<shareable/>' }], '<shareable/>');
    await start(one, 'twice');
    expect(one.host.driver.find('twice').live?.leases).toHaveLength(1);
  });

  test('is given up by a run that has it no more, although its QEMU lives on', async () => {
    await start(one, 'first');
    const live = one.host.driver.find('first').live as LiveDomain;
    const [lease] = live.leases;
    expect(await releaseLease(live, lease as ImageLease)).toBe(true);
    expect(live.leases).toEqual([]);
    expect(await leaseRecordsOf(one.home)).toEqual([]);
    // QEMU's own lock is what is left; who has it is found by looking.
    expect(await refused(other, 'second')).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { pid: live.facts.process.pid } } });
  });
});

describe('a lease', () => {
  test('is held by QEMU alone, by nothing that runs beside it and not by the driver', async () => {
    const xml = bootGuestXml(disk, { name: 'first' }).replace('</devices>', hasSwtpm ? "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices>" : '</devices>');
    await one.client.call('domainUndefine', { domain: 'first' });
    await one.client.call('domainDefineXML', { xml });
    const pid = await start(one, 'first');
    const [lease] = one.host.driver.find('first').live?.leases ?? [];
    expect((await processesWithOpen(lease?.file ?? '')).map((holder) => holder.pid)).toEqual([pid]);
    const own = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
    expect(own.filter((file) => file.startsWith(commonLeaseFolder))).toEqual([]);
  });

  test('of a start that fails is free again, and nothing of it is left', async () => {
    const boot = await image(one, 'boot.raw');
    await defineWith(one, 'fails', boot, [{ source: '/dev/null', format: 'qcow2' }]);
    await refused(one, 'fails');
    expect(await leaseRecordsOf(one.home)).toEqual([]);
    await defineWith(other, 'works', boot, []);
    await start(other, 'works');
  });

  test('whose record cannot be read is still heeded, and its process is named', async () => {
    const pid = await start(one, 'first');
    for (const record of await leaseRecordsOf(one.home)) await writeFile(record, 'nonsense');
    expect((await refused(other, 'second')).message).toMatch(new RegExp(`is in use: process ${pid} \\(qemu-system-x86.*, guest 'first'\\) holds its lease$`));
    await one.client.call('domainDestroy', { domain: 'first' });
  });

  test('is asked of nobody where the lock manager is off: QEMU’s own lock refuses, in words that name the holder', async () => {
    await setSettings(other, { lockManager: 'none' });
    const pid = await start(one, 'first');
    const error = await refused(other, 'second');
    expect(error).toMatchObject({ code: 'RESOURCE_BUSY', details: { image: disk, target: 'sda', holder: { pid, domain: { name: 'first' } } } });
    await one.client.call('domainDestroy', { domain: 'first' });
    await start(other, 'second');
    expect(await leaseRecordsOf(other.home)).toEqual([]);
    expect((await refused(one, 'first')).message).toMatch(/^resource busy: the image '.*' of disk 'sda' is in use: process \d+ \(qemu-system-x86.*, guest 'second'\) has it open$/);
  });

  test('in a folder that hosts were given goes by the image’s resolved path', async () => {
    const folder = path.join(one.home, 'leases');
    await mkdir(folder, { mode: 0o700 });
    for (const host of [one, other]) await setSettings(host, { leaseFolder: folder });
    const alias = path.join(other.home, 'alias.raw');
    await symlink(disk, alias);
    await other.client.call('domainDefineXML', { xml: bootGuestXml(alias, { name: 'third' }) });
    await start(one, 'first');
    expect((await readdir(folder)).every((name) => /^path-[\da-f]{64}\.lease/.test(name))).toBe(true);
    expect(await refused(other, 'third')).toMatchObject({ code: 'RESOURCE_BUSY', details: { holder: { image: disk } } });
    await one.client.call('domainDestroy', { domain: 'first' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('is not looked for in a folder that is not safe, and the setting is named', async () => {
    await setSettings(one, { leaseFolder: path.join(one.home, 'nowhere') });
    expect(await refused(one, 'first')).toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(/nowhere': it does not exist; 'leaseFolder' in settings\.json/) });
  });
});
