/** Saving and restoring real guests (J1, J2): an image is whole or absent, and its guest goes on where it was. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, mkdir, open, readFile, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MethodInput } from '../../core/api/contract.ts';
import { VireoError } from '../../core/base/errors.ts';
import { findProgram } from '../../core/process/host-needs.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type LifecycleGuest, startLifecycleGuest } from '../support/lifecycle-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

const run = promisify(execFile);
const on = { domain: 'boot' };
let host: TestHost;
let folder: string;
let image: string;

beforeEach(async () => {
  host = await openTestHost();
  folder = path.join(host.home, 'out');
  image = path.join(folder, 'boot.save');
  await mkdir(folder);
});

afterEach(async () => {
  await run('umount', [folder]).catch(() => {});
  await host[Symbol.asyncDispose]();
});

function save(options: Partial<MethodInput<'domainSave'>> = {}): Promise<null> {
  return host.client.call('domainSave', { ...on, to: image, ...options });
}

function restore(options: Partial<MethodInput<'domainRestore'>> = {}): Promise<{ domain: { uuid: string; name: string } }> {
  return host.client.call('domainRestore', { from: image, ...options });
}

/** The number on the guest's last whole line, after it was told to count on for a moment: it lives in a register of the guest. */
async function countOn(guest: Pick<LifecycleGuest, 'serial'>, beyond = 0): Promise<number> {
  await guest.serial.type('F');
  let last = 0;
  await expect.poll(() => (last = lastCount(guest)), { timeout: 20_000, interval: 5 }).toBeGreaterThan(beyond);
  await guest.serial.type('S');
  return last;
}

function lastCount({ serial }: Pick<LifecycleGuest, 'serial'>): number {
  return Math.max(0, ...[...serial.text().matchAll(/^([0-9a-f]{8})\r$/gm)].map(([, digits]) => Number.parseInt(digits ?? '0', 16)));
}

/** No image, no record of one, and the guest as it was. */
async function nothingHappened(guest: LifecycleGuest, left: readonly string[] = []): Promise<void> {
  expect(await readdir(folder)).toEqual(left);
  expect(await readdir(path.join(host.home, 'run'))).not.toContainEqual(expect.stringContaining('.save.json'));
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'save canceled', pid: guest.pid, jobs: { async: null } });
  await guest.serial.type('still here');
  await guest.serial.waitFor(/still here/);
}

const told = ({ events }: LifecycleGuest): string[] => events.told.filter((each) => !each.startsWith('reboot'));

/** In the place of the program that packs, until it is disposed: `script` is what a shell does. */
async function packing(script: string): Promise<Disposable> {
  const programs = path.join(host.home, 'bin');
  await mkdir(programs);
  await writeFile(path.join(programs, 'zstd'), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(programs, 'zstd'), 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${programs}:${before}`;
  return { [Symbol.dispose]: () => void (process.env['PATH'] = before) };
}

/** Enough that QEMU has to wait for whoever reads. */
const large = { memoryMiB: 512 };

/** A save in the middle, which goes no further: whoever packs reads nothing. */
async function stuckSave(): Promise<{ readonly done: Promise<null | VireoError> }> {
  const done = save({ format: 'zstd' }).catch((error: VireoError) => error);
  await expect.poll(async () => (await host.client.call('domainGetJobStats', on)).statistics?.memory.processedBytes ?? 0, { interval: 5, timeout: 30_000 }).toBeGreaterThan(0);
  return { done };
}

async function monitor(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
  const { result } = await host.client.call('qemuDomainMonitorCommand', { ...on, command: JSON.stringify({ execute: command, arguments: args }) });
  return (JSON.parse(result) as { readonly return: unknown }).return;
}

test.each(['raw', 'gzip', 'xz', 'zstd'] as const)('a guest goes on where it was saved, in the format %s', async (format) => {
  if (format !== 'raw' && (await findProgram([format])) === null) return; // as on a machine with nothing but the needful
  const { serial, pid, events } = await startLifecycleGuest(host);
  const count = await countOn({ serial }, 100);
  await save({ format });
  expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'saved', pid: null, jobs: { async: null }, hasManagedSave: false });
  expect([await qemuProcessesOf(host.home), await readdir(folder), events.told.filter((told) => !told.startsWith('reboot'))]).toEqual([[], ['boot.save'], ['suspended/paused', 'stopped/saved']]);
  const handle = await open(image, constants.O_RDONLY);
  const { buffer } = await handle.read(Buffer.alloc(20), 0, 20, 0);
  await handle.close();
  expect([buffer.toString('latin1', 0, 16), buffer.readUInt32LE(16), (await stat(image)).mode & 0o777]).toEqual(['LibvirtQemudSave', 2, 0o600]);
  const { statistics } = await host.client.call('domainGetJobStats', { ...on, completed: true });
  expect(statistics).toMatchObject({ type: 'completed', operation: 'save', success: true, memory: { remainingBytes: 0 } });

  await restore();
  const restored = await lookup(host);
  expect(restored).toMatchObject({ state: 'running', reason: 'restored', persistent: true, pendingChanges: false });
  expect(restored.pid).not.toBe(pid);
  expect(events.told.filter((told) => !told.startsWith('reboot')).slice(2)).toEqual(['started/restored']);
  await using again = await guestConsole(host.client, 'boot', null, { from: 'now' });
  expect(await countOn({ serial: again }, count)).toBeGreaterThan(count);
  expect((await host.client.call('domainGetJobStats', { ...on, completed: true })).statistics).toMatchObject({ operation: 'restore', success: true });
  await serial[Symbol.asyncDispose]();
});

test('a paused guest is restored paused, unless somebody says otherwise', async () => {
  await using guest = await startLifecycleGuest(host);
  await host.client.call('domainSuspend', on);
  await save();
  await restore();
  expect(await lookup(host)).toMatchObject({ state: 'paused' });
  await host.client.call('domainResume', on);
  await using serial = await guestConsole(host.client, 'boot', null, { from: 'now' });
  expect(await countOn({ serial })).toBeGreaterThan(0);
  await save({ restoresTo: 'paused' });
  await restore({ restoresTo: 'running' });
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'restored' });
  expect(told(guest).slice(-1)).toEqual(['started/restored']);
});

test('a transient domain is gone once it is saved, and back as one when it is restored', async () => {
  await using _guest = await startLifecycleGuest(host);
  await host.client.call('domainUndefine', on);
  await save();
  expect(await host.client.call('connectListAllDomains', {})).toMatchObject({ domains: [] });
  await restore();
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'restored', persistent: false });
  await host.client.call('domainDestroy', on);
  expect(await host.client.call('connectListAllDomains', {})).toMatchObject({ domains: [] });
});

test('around the page cache a guest is saved and restored too', async () => {
  await using _guest = await startLifecycleGuest(host);
  const refused = await save({ bypassCache: true }).catch((error: VireoError) => error);
  if (refused) return expect(refused.message).toMatch(/Invalid argument/); // a file system that knows no O_DIRECT, such as tmpfs
  await restore({ bypassCache: true });
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'restored' });
});

test('an image of a machine with the other byte order is read', async () => {
  await using _guest = await startLifecycleGuest(host);
  await save();
  const bytes = await readFile(image);
  bytes.subarray(16, 36).swap32();
  await writeFile(image, bytes);
  await restore();
  expect(await lookup(host)).toMatchObject({ state: 'running' });
});

describe('a save that is called off', () => {
  test('while QEMU sends leaves nothing, and the guest and the settings of migrations are as before', async () => {
    await using guest = await startLifecycleGuest(host, large);
    using _slow = await packing('exec sleep 600');
    await monitor('migrate-set-parameters', { 'max-bandwidth': 4_096_000 });
    await monitor('migrate-set-capabilities', { capabilities: [{ capability: 'xbzrle', state: true }] });
    const { done } = await stuckSave();
    expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'saving', jobs: { async: { kind: 'save', phase: 'saving', owner: 'remoteDispatchDomainSave' } } });
    expect(await host.client.call('domainGetInfo', on)).toMatchObject({ memoryKiB: 512 << 10 });
    await host.client.call('domainAbortJob', on);
    expect(await done).toMatchObject({ code: 'OPERATION_ABORTED', domain: { name: 'boot' } });
    await nothingHappened(guest);
    expect(told(guest)).toEqual(['suspended/paused', 'resumed/unpaused']);
    expect(await monitor('query-migrate-parameters')).toMatchObject({ 'max-bandwidth': 4_096_000 });
    const capabilities = (await monitor('query-migrate-capabilities')) as readonly { readonly capability: string; readonly state: boolean }[];
    expect(capabilities.filter(({ state }) => state).map(({ capability }) => capability)).toEqual(['xbzrle']);
    expect((await host.client.call('domainGetJobStats', { ...on, completed: true })).statistics).toMatchObject({ type: 'cancelled', operation: 'save', success: false });
    await save();
    expect(await lookup(host)).toMatchObject({ reason: 'saved' });
  });

  test('while the last of it is written, too; an older image stays', async () => {
    await using guest = await startLifecycleGuest(host);
    await writeFile(image, 'of yesterday');
    using _slow = await packing('cat; exec sleep 600');
    const { done } = await stuckSave();
    await expect.poll(async () => (await host.client.call('domainGetJobStats', on)).statistics?.memory.remainingBytes, { interval: 5, timeout: 30_000 }).toBe(0);
    await host.client.call('domainAbortJob', on);
    expect(await done).toMatchObject({ code: 'OPERATION_ABORTED' });
    await nothingHappened(guest, ['boot.save']);
    expect(await readFile(image, 'utf8')).toBe('of yesterday');
  });

  test('of a paused guest leaves it paused', async () => {
    await using guest = await startLifecycleGuest(host, large);
    await host.client.call('domainSuspend', on);
    using _slow = await packing('exec sleep 600');
    const { done } = await stuckSave();
    await host.client.call('domainAbortJob', on);
    expect(await done).toMatchObject({ code: 'OPERATION_ABORTED' });
    expect(await lookup(host)).toMatchObject({ state: 'paused', reason: 'user', pid: guest.pid });
    await host.client.call('domainResume', on);
    expect(await lookup(host)).toMatchObject({ state: 'running' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('by a destroy ends with the guest', async () => {
    await using _guest = await startLifecycleGuest(host, large);
    using _slow = await packing('exec sleep 600');
    const { done } = await stuckSave();
    await host.client.call('domainDestroy', on);
    expect(await done).toBeInstanceOf(VireoError);
    await expect.poll(() => readdir(folder)).toEqual([]);
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'destroyed', jobs: { async: null } });
  });

  test('by its driver, which closes, is undone by the next one', async () => {
    await using guest = await startLifecycleGuest(host, large);
    using _slow = await packing('exec sleep 600');
    const { done } = await stuckSave();
    await host.reopen();
    expect(await done).toBeInstanceOf(Error);
    await expect.poll(() => lookup(host), { timeout: 40_000 }).toMatchObject({ state: 'running', reason: 'save canceled', pid: guest.pid, jobs: { async: null } });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a save that cannot be', () => {
  test('because a program is missing or fails leaves the guest alone', async () => {
    await using guest = await startLifecycleGuest(host);
    {
      using _broken = await packing('echo "zstd: the wheel fell off" >&2; exit 3');
      await expect(save({ format: 'zstd' })).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringContaining(`the save image '${image}' cannot be written: zstd failed: the wheel fell off`) });
    }
    await nothingHappened(guest);
    const before = told(guest).length;
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    const missing = await save({ format: 'lzop' }).catch((error: VireoError) => error);
    process.env['PATH'] = PATH;
    if (missing) expect(missing.message).toContain("the program 'lzop' is not installed"); // a machine that has it, has it in /usr/bin
    else return;
    expect(told(guest)).toHaveLength(before);
  });

  test('because of where it is to go is refused before the guest stops', async () => {
    await using guest = await startLifecycleGuest(host);
    await writeFile(path.join(host.home, 'precious'), 'keep');
    await symlink(path.join(host.home, 'precious'), path.join(folder, 'link'));
    for (const to of ['boot.save', folder, path.join(folder, 'link')]) await expect(save({ to }), to).rejects.toMatchObject({ domain: { name: 'boot' } });
    expect([told(guest), await lookup(host)]).toMatchObject([[], { state: 'running', reason: 'booted' }]);
    await expect(save({ to: path.join(folder, 'no', 'boot.save') })).rejects.toMatchObject({ code: 'SYSTEM_ERROR' });
    expect(await lookup(host)).toMatchObject({ state: 'running' });
    await host.client.call('domainDestroy', on);
    await expect(save()).rejects.toMatchObject({ message: 'Requested operation is not valid: domain is not running' });
  });

  test('because the disk is full says so, and leaves nothing', async (context) => {
    const mounted = process.geteuid?.() === 0 && (await run('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'vireo-test', folder]).then(() => true, () => false));
    context.skip(!mounted, 'it takes root to mount a small file system');
    await using guest = await startLifecycleGuest(host);
    await expect(save()).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(/the save image '.*boot\.save' cannot be written: .*No space left on device/) });
    await nothingHappened(guest);
  });
});

describe('another definition', () => {
  async function xmlOf(): Promise<string> {
    return (await host.client.call('domainSaveImageGetXMLDesc', { file: image, secure: true })).xml;
  }

  test('is taken where the guest cannot tell, by save, by restore and inside the image', async () => {
    await using _guest = await startLifecycleGuest(host);
    const { xml } = await host.client.call('domainGetXMLDesc', { ...on, inactive: true });
    const titled = (title: string): string => xml.replace('</name>', `</name>\n  <title>${title}</title>`);
    await save({ xml: titled('by save') });
    expect(await xmlOf()).toContain('<title>by save</title>');
    expect(await host.client.call('domainSaveImageDefineXML', { file: image, xml: titled('inside'), restoresTo: 'paused' })).toEqual({ changed: true });
    expect(await host.client.call('domainSaveImageDefineXML', { file: image, xml: await xmlOf(), restoresTo: 'paused' })).toEqual({ changed: false });
    await restore();
    expect(await lookup(host)).toMatchObject({ state: 'paused', title: 'inside', pendingChanges: true });
    await save();
    await restore({ xml: titled('by restore'), restoresTo: 'running' });
    expect(await lookup(host)).toMatchObject({ state: 'running', title: 'by restore' });
  });

  test('is refused by name where it can, and nothing has changed', async () => {
    await using guest = await startLifecycleGuest(host);
    const { xml } = await host.client.call('domainGetXMLDesc', { ...on, inactive: true });
    const larger = xml.replaceAll('16384', '32768');
    await expect(save({ xml: larger })).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED', message: expect.stringMatching(/memory/) });
    expect([told(guest), await readdir(folder)]).toEqual([[], []]);
    await save();
    const before = await readFile(image);
    await expect(restore({ xml: larger })).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED' });
    await expect(host.client.call('domainSaveImageDefineXML', { file: image, xml: larger })).rejects.toMatchObject({ code: 'CONFIG_UNSUPPORTED' });
    await expect(host.client.call('domainSaveImageDefineXML', { file: image, xml: xml.replace('</name>', `</name><description>${'x'.repeat(80_000)}</description>`) })).rejects.toMatchObject({ message: expect.stringContaining('new xml too large to fit in file') });
    expect((await readFile(image)).equals(before)).toBe(true);
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'saved' });
  });

  test('may come from the hook that is told of a restore, and marks the run', async () => {
    await using _guest = await startLifecycleGuest(host);
    await save();
    const hooks = path.join(host.home, 'hooks');
    await mkdir(hooks, { mode: 0o755 });
    await writeFile(path.join(hooks, 'qemu'), '#!/bin/sh\n[ "$2" = restore ] && sed "s|</name>|</name><title>of the hook</title>|"\nexit 0\n');
    await chmod(path.join(hooks, 'qemu'), 0o755);
    await restore();
    expect(await lookup(host)).toMatchObject({ title: 'of the hook', taints: expect.arrayContaining(['hook-script']) });
  });
});

describe('what is no image', () => {
  const damages: readonly (readonly [what: string, words: RegExp, damage: (file: string) => Promise<void>])[] = [
    ['a file that is not there', /ENOENT/, () => run('rm', [image]).then(() => {})],
    ['a folder', /no ordinary file/, () => run('sh', ['-c', `rm ${image} && mkdir ${image}`]).then(() => {})],
    ['an empty file', /has 0 bytes/, (file) => truncate(file, 0)],
    ['another file', /image magic is incorrect/, (file) => writeFile(file, Buffer.alloc(100_000, 'x'))],
    ['one that was not finished', /save image is incomplete/, (file) => patch(file, 12, Buffer.from('Part'))],
    ['one of a newer libvirt', /image version is not supported/, (file) => patch(file, 16, Buffer.from([3, 0, 0, 3]))],
    ['one in a format that nobody knows', /unsupported save image format: 77/, (file) => patch(file, 28, Buffer.from([77, 0, 0, 0]))],
    ['a sparse one', /'sparse'/, (file) => patch(file, 28, Buffer.from([6, 0, 0, 0]))],
    ['one with a length that cannot be', /invalid header data length/, (file) => patch(file, 20, Buffer.from([0xff, 0xff, 0xff, 0x7f]))],
    ['one that ends in its definition', /the file ends after/, (file) => truncate(file, 1_000)],
    ['one without a definition', /failed to read domain XML: there is none/, (file) => patch(file, 92, Buffer.from([0]))],
    ['one with a definition that is none', /XML error|not well-formed|cannot be used/, (file) => patch(file, 92, Buffer.from('<<<<'))],
    ['one that ends before the state', /there is no state in it/, (file) => stat(file).then(async () => await truncate(file, 92 + (await readFile(file)).readUInt32LE(20)))],
    ['one whose state is cut off', /cannot be restored/, (file) => stat(file).then(async ({ size }) => await truncate(file, Math.round((92 + (await readFile(file)).readUInt32LE(20) + size) / 2)))],
  ];

  test('is refused by its name, and the domain is as before', async () => {
    await using _guest = await startLifecycleGuest(host);
    await save();
    const whole = await readFile(image);
    for (const [what, words, damage] of damages) {
      await damage(image);
      const refused = await restore().catch((error: VireoError) => error);
      expect(refused, what).toMatchObject({ message: expect.stringMatching(words) });
      expect((refused as VireoError).message, what).toContain(image);
      expect(await lookup(host), what).toMatchObject({ state: 'shut off', pid: null, jobs: { async: null } });
      await rm(image, { recursive: true, force: true });
      await writeFile(image, whole);
    }
    expect(await qemuProcessesOf(host.home)).toEqual([]);
    await restore();
    expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'restored' });
  });

  async function patch(file: string, offset: number, bytes: Buffer): Promise<void> {
    const handle = await open(file, constants.O_RDWR);
    await handle.write(bytes, 0, bytes.length, offset);
    await handle.close();
  }

  test('of a domain that runs, or of one with another’s name, nothing is restored', async () => {
    await using guest = await startLifecycleGuest(host);
    await save();
    await host.client.call('domainCreate', on);
    await expect(restore()).rejects.toMatchObject({ code: 'OPERATION_INVALID', message: expect.stringContaining('already active') });
    expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'booted' });
    await host.client.call('domainDestroy', on);
    await host.client.call('domainUndefine', on);
    await host.client.call('domainDefineXML', { xml: bootGuestXml(path.join(host.home, 'boot.raw')) });
    await expect(restore()).rejects.toMatchObject({ message: expect.stringContaining("domain 'boot' already exists with uuid") });
    expect(guest.name).toBe('boot');
  });
});
