/** A start that fails says why in QEMU's own words, leaves nothing behind, and may be tried again. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VireoError } from '../../core/base/errors.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { EventRecord, bootGuestXml, defineBootGuest, lookup } from '../support/boot-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { type ScriptedEmulator, monitorThatDies, scriptedEmulator } from '../support/scripted-emulator.ts';

let host: TestHost;
let emulator: ScriptedEmulator;

beforeEach(async () => {
  host = await openTestHost({ monitorDeadlineMs: 20_000 });
  emulator = await scriptedEmulator(host.home);
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

/** Starts the domain, which fails, and looks at what is left of the attempt. */
async function failedStart(domain = 'boot'): Promise<VireoError> {
  const events = new EventRecord(host);
  const error = await host.client.call('domainCreate', { domain }).then(
    () => expect.unreachable('the start succeeded'),
    (thrown: VireoError) => thrown,
  );
  expect(await lookup(host, domain)).toMatchObject({ state: 'shut off', reason: 'failed', id: null, pid: null, consoles: [], jobs: { sync: null, async: null } });
  expect(error.domain).toMatchObject({ name: domain });
  expect(events.told).toEqual([]);
  return error;
}

async function nothingIsLeft(): Promise<void> {
  expect(await qemuProcessesOf(host.home)).toEqual([]);
  expect(await readdir(path.join(host.home, 'status'))).toEqual([]);
  expect((await readdir(path.join(host.home, 'run'))).filter((name) => name !== 'api')).toEqual([]);
}

async function startsNow(domain = 'boot'): Promise<void> {
  await emulator.behave(null);
  expect(await host.client.call('domainCreate', { domain, paused: true })).toMatchObject({ state: 'paused', reason: 'user' });
}

describe('an emulator that', () => {
  const scripts = {
    'exits at once': { script: 'exit 3', message: 'internal error: process exited while connecting to monitor: it said nothing (exit code 3)' },
    'complains and exits': { script: 'echo "qemu: the moon is in the wrong place" >&2; exit 1', message: 'internal error: process exited while connecting to monitor: qemu: the moon is in the wrong place' },
    'is killed': { script: 'kill -9 $$', message: 'internal error: process exited while connecting to monitor: it said nothing (signal SIGKILL)' },
    'opens its monitor and dies': { script: monitorThatDies(0), message: 'internal error: process exited while connecting to monitor: the monitor had enough' },
    'negotiates and dies': { script: monitorThatDies(1), message: 'internal error: process exited while connecting to monitor: the monitor had enough' },
  };

  test.each(Object.entries(scripts))('%s fails the start with its last words', async (_what, { script, message }) => {
    await defineBootGuest(host, { emulator: emulator.path });
    await emulator.behave(script);
    expect((await failedStart()).message).toBe(message);
    await nothingIsLeft();
    await startsNow();
  });

  test('never opens its monitor is ended after the deadline, and what it said is told', async () => {
    await host[Symbol.asyncDispose]();
    host = await openTestHost({ monitorDeadlineMs: 700 });
    emulator = await scriptedEmulator(host.home);
    await defineBootGuest(host, { emulator: emulator.path });
    await emulator.behave('echo "waiting for better times" >&2; exec sleep 600');
    const error = await failedStart();
    expect(error).toMatchObject({ code: 'OPERATION_TIMEOUT', message: 'Timed out during operation: QEMU did not open its monitor; it said: waiting for better times' });
    await emulator.behave('exec sleep 600');
    expect((await failedStart()).message).toBe('Timed out during operation: no sign of the QEMU monitor socket within 0.7 s');
    await nothingIsLeft();
  });

  test('may not be run is named with the system’s reason', async () => {
    await defineBootGuest(host, { emulator: emulator.path });
    await chmod(emulator.path, 0o644);
    const error = await failedStart();
    expect(error).toMatchObject({ code: 'SYSTEM_ERROR' });
    expect(error.message).toMatch(/qemu-system-scripted.*EACCES/);
    await nothingIsLeft();
    await chmod(emulator.path, 0o755);
    await startsNow();
  });

  test('is gone is named', async () => {
    await defineBootGuest(host, { emulator: emulator.path });
    await rm(emulator.path);
    expect(await failedStart()).toMatchObject({ code: 'SYSTEM_ERROR', message: `Cannot check QEMU binary ${emulator.path}` });
    await nothingIsLeft();
  });

  test('was replaced by something else cannot be probed, and says so', async () => {
    await defineBootGuest(host, { emulator: emulator.path });
    await writeFile(emulator.path, '#!/bin/sh\necho "I am a teapot" >&2\nexit 2\n');
    expect((await failedStart()).message).toBe(`internal error: failed to probe QEMU binary ${emulator.path}: it exited with status 2: I am a teapot`);
    await nothingIsLeft();
  });
});

describe('a disk that', () => {
  test('is missing is named before QEMU is started', async () => {
    const disk = await defineBootGuest(host);
    await rm(disk);
    const error = await failedStart();
    expect(error.message).toContain(`disk 'sda': '${disk}' does not exist`);
    await nothingIsLeft();
  });

  test('another domain writes is refused before QEMU is started, and the other is unharmed', async () => {
    const disk = await defineBootGuest(host);
    await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'second' }) });
    await host.client.call('domainCreate', { domain: 'boot' });
    expect((await failedStart('second')).message).toMatch(/^resource busy: the image '.*' of disk 'sda' is in use: domain 'boot' \(pid .* writes it$/);
    expect(await lookup(host)).toMatchObject({ state: 'running' });
    await host.client.call('domainDestroy', { domain: 'boot' });
    await nothingIsLeft();
    await startsNow('second');
  });
});

test('a state folder that cannot be written fails the start before QEMU runs', async () => {
  await defineBootGuest(host);
  const { uuid } = await lookup(host);
  await mkdir(path.join(host.home, 'logs', uuid, 'qemu.log'), { recursive: true }); // a folder where the log should be
  expect(await failedStart()).toMatchObject({ code: 'SYSTEM_ERROR' });
  await nothingIsLeft();
});

describe('whatever fails before QEMU runs', () => {
  /** The boot guest with something more, defined. */
  async function defineWith(devices: string, os = ''): Promise<void> {
    const disk = path.join(host.home, 'boot.raw');
    await writeFile(disk, bootSectorImage());
    await host.client.call('domainDefineXML', { xml: withMore(disk, devices, os) });
  }

  function withMore(disk: string, devices: string, os = ''): string {
    return bootGuestXml(disk).replace('</devices>', `${devices}</devices>`).replace("<boot dev='hd'/>", `${os}<boot dev='hd'/>`);
  }

  test.each([
    ['variables of the firmware that cannot be made', '', "<loader readonly='yes' type='pflash'>/dev/null</loader><nvram template='/nowhere'>HOME/x.fd</nvram>", /could not be made from '\/nowhere'/],
    ['variables that have no end', '', "<loader readonly='yes' type='pflash'>/dev/null</loader><nvram template='/dev/zero'>HOME/x.fd</nvram>", /'\/dev\/zero' is no ordinary file/],
    ['a secret that nobody knows', "<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='x'><secret type='iscsi' usage='nobody'/></auth><source protocol='iscsi' name='iqn.2026-01.example:x/0'><host name='localhost'/></source><target dev='sdb' bus='sata'/></disk>", '', /usage 'nobody'/],
  ])('%s leaves nothing behind', async (_what, devices, os, message) => {
    await defineWith(devices, os.replaceAll('HOME', host.home));
    expect((await failedStart()).message).toMatch(message);
    await nothingIsLeft();
  });

  test('an image that is a pipe holds up its own start alone, until the deadline', async () => {
    await host[Symbol.asyncDispose]();
    host = await openTestHost({ monitorDeadlineMs: 1_000 });
    const pipe = path.join(host.home, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    await defineWith(`<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${pipe}'/><target dev='sdb' bus='sata'/></disk>`);
    await failedStart();
    await nothingIsLeft();
  });

  test('a domain that is defined nowhere leaves no folder of its own, whether its start failed or its run has ended', async () => {
    const disk = path.join(host.home, 'boot.raw');
    await writeFile(disk, bootSectorImage());
    const guests = (): Promise<string[]> => readdir(path.join(host.home, 'guests'));
    const missing = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${host.home}/gone'/><target dev='sdb' bus='sata'/></disk>`;
    await expect(host.client.call('domainCreateXML', { xml: withMore(disk, missing), paused: true })).rejects.toThrow('does not exist');
    expect(await guests()).toEqual([]);
    await host.client.call('domainCreateXML', { xml: bootGuestXml(disk), paused: true });
    expect(await guests()).toHaveLength(1);
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await guests()).toEqual([]);
  });
});

test('what a domain kept goes with its last run when it was undefined meanwhile, and stays when it was defined again', async () => {
  const disk = await defineBootGuest(host);
  const guests = (): Promise<string[]> => readdir(path.join(host.home, 'guests'));
  const { uuid } = await lookup(host);
  for (const again of [true, false]) {
    await host.client.call('domainCreate', { domain: 'boot', paused: true });
    await host.client.call('domainUndefine', { domain: 'boot' });
    expect(await guests()).toEqual([uuid]);
    if (again) await defineBootGuest(host, { disk, uuid });
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await guests()).toEqual(again ? [uuid] : []);
  }
});

test('an undefine that cannot remove the firmware’s variables says so, and the domain is gone all the same', async () => {
  const disk = path.join(host.home, 'boot.raw');
  const store = path.join(host.home, 'variables');
  await mkdir(store);
  const os = `<loader readonly='yes' type='pflash'>/dev/null</loader><nvram template='/nowhere'>${store}</nvram>`;
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk).replace("<boot dev='hd'/>", `${os}<boot dev='hd'/>`) });
  await expect(host.client.call('domainUndefine', { domain: 'boot', nvram: 'remove' })).rejects.toThrow('the domain is undefined, but not all that it kept could be removed');
  await expect(lookup(host)).rejects.toMatchObject({ code: 'NO_DOMAIN' });
});
