/** What became of a guest's devices, and of the guest itself, while no driver looked: the next one has it as it is (F5). */
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventRecord, bootGuestXml, lookup, waitForState } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';
import { rawMonitor } from '../support/raw-monitor.ts';

let host: TestHost;
let disk: string;

beforeEach(async () => {
  host = await openTestHost({ silenceMs: 600 });
  disk = path.join(host.home, 'boot.raw');
  await writeFile(disk, bootSectorImage());
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function start(devices: string, change: (xml: string) => string = (xml) => xml): Promise<number> {
  const xml = change(bootGuestXml(disk)).replace("<controller type='usb' model='none'/>", devices);
  await host.client.call('domainDefineXML', { xml });
  const { pid } = await host.client.call('domainCreate', { domain: 'boot' });
  return pid as number;
}

/** Works on the QEMU while no driver is there, and opens the next one. */
async function meanwhile(pid: number, work: (command: (name: string, args?: object) => Promise<unknown>, monitor: Awaited<ReturnType<typeof rawMonitor>>) => Promise<void>): Promise<EventRecord> {
  await host.close();
  {
    await using monitor = await rawMonitor(pid);
    await work((name, args = {}) => monitor.executeUnchecked(name, args as Readonly<Record<string, unknown>>), monitor);
  }
  await host.open();
  const events = new EventRecord(host, 'opening');
  await host.host.driver.reconnected;
  return events;
}

async function liveXml(): Promise<string> {
  return (await host.client.call('domainGetXMLDesc', { domain: 'boot' })).xml;
}

async function recorded(): Promise<{ readonly peripherals: readonly string[]; readonly xml: string }> {
  const { uuid } = await lookup(host);
  return JSON.parse(await readFile(path.join(host.home, 'status', `${uuid}.json`), 'utf8')) as { peripherals: string[]; xml: string };
}

const usb = "<controller type='usb' model='qemu-xhci'/><input type='tablet' bus='usb'/><input type='keyboard' bus='usb'/>";

describe('a device that was unplugged', () => {
  test('is gone from the definition, on disk too, and is told once', async () => {
    const pid = await start(usb);
    expect(await liveXml()).toContain("<input type='tablet'");
    const events = await meanwhile(pid, async (command, monitor) => {
      const gone = monitor.events.once((event) => event.event === 'DEVICE_DELETED', AbortSignal.timeout(10_000));
      await command('device_del', { id: 'input0' });
      await gone;
    });
    expect(events.told).toEqual(['device-removed: input0']);
    expect(await liveXml()).not.toContain("<input type='tablet'");
    expect(await liveXml()).toContain("<input type='keyboard' bus='usb'>");
    expect((await recorded()).xml).not.toContain("<input type='tablet'");
    expect((await recorded()).peripherals).not.toContain('input0');
    expect((await host.client.call('domainGetXMLDesc', { domain: 'boot', inactive: true })).xml).toContain("<input type='tablet'");
    const again = await meanwhile(pid, () => Promise.resolve());
    expect(again.told).toEqual([]);
    expect(await lookup(host)).toMatchObject({ state: 'running', pid });
  });

  test('and nothing else: what QEMU has on board stays', async () => {
    const pid = await start(usb);
    const before = await liveXml();
    const events = await meanwhile(pid, () => Promise.resolve());
    expect(events.told).toEqual([]);
    expect(await liveXml()).toBe(before);
  });
});

describe('a drive', () => {
  const cdrom = (file: string): string => `${usb}<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='${file}'/><target dev='sdb' bus='sata'/><readonly/></disk>`;

  test('whose tray is open and whose medium was taken out is shown so', async () => {
    const medium = path.join(host.home, 'medium.iso');
    await writeFile(medium, Buffer.alloc(65_536));
    const pid = await start(cdrom(medium));
    expect(await liveXml()).toContain('medium.iso');
    const opened = await meanwhile(pid, async (command) => {
      await command('blockdev-open-tray', { id: 'sata0-0-1', force: true });
    });
    expect(opened.told).toEqual(['tray-change: sdb opened']);
    expect(await liveXml()).toMatch(/medium\.iso[\s\S]*<target dev='sdb' bus='sata' tray='open'\/>/);
    const removed = await meanwhile(pid, async (command) => {
      await command('blockdev-remove-medium', { id: 'sata0-0-1' });
      await command('blockdev-close-tray', { id: 'sata0-0-1' });
    });
    expect(removed.told).toEqual(['tray-change: sdb closed']);
    expect(await liveXml()).not.toContain('medium.iso');
    expect(await liveXml()).toContain("<target dev='sdb' bus='sata'/>");
    expect((await host.client.call('domainGetXMLDesc', { domain: 'boot', inactive: true })).xml).toContain('medium.iso');
  });
});

describe('a guest', () => {
  test('whose image cannot be read any more runs on', async () => {
    const pid = await start(usb);
    const events = await meanwhile(pid, async () => {
      await chmod(disk, 0o000);
      await rm(disk);
    });
    expect(await lookup(host)).toMatchObject({ state: 'running', pid });
    expect(events.told).toEqual([]);
    expect((await host.client.call('hostGetStatus', {})).problems).toEqual([]);
  });

  test('that shut down and is to restart is restarted', async () => {
    const pid = await start(usb, (xml) => xml.replace('<devices>', '<on_poweroff>restart</on_poweroff><devices>'));
    const events = await shutDownMeanwhile(pid);
    expect(await waitForState(host, 'running')).toMatchObject({ pid });
    expect(events.told.filter((told) => told.startsWith('stopped'))).toEqual([]);
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY[\s\S]*BOOT-SECTOR-READY/);
  });

  test('that was rebooting when its driver went is running again', async () => {
    const pid = await start(usb);
    await host.client.call('domainReboot', { domain: 'boot', mode: 'acpi' }); // the guest knows no button
    const events = await shutDownMeanwhile(pid);
    expect(await waitForState(host, 'running')).toMatchObject({ pid, reason: 'booted' });
    expect(events.told.filter((told) => told.startsWith('stopped'))).toEqual([]);
  });

  test('has its id, its accelerator, its taints and its threads', async () => {
    const pid = await start(usb);
    const { id, accelerator, taints, emulator } = await lookup(host);
    const threads = host.host.driver.find('boot').live?.threads;
    expect(threads?.vcpus.size).toBe(1);
    await meanwhile(pid, () => Promise.resolve());
    expect(await lookup(host)).toMatchObject({ id, accelerator, taints, emulator, pid });
    expect(host.host.driver.find('boot').live?.threads).toEqual(threads);
  });
});

/** The guest turns itself off once the driver has gone: the key is on its way by then. */
async function shutDownMeanwhile(pid: number): Promise<EventRecord> {
  {
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY/);
    await host.client.call('domainSuspend', { domain: 'boot' });
    await serial.type('Q');
  }
  return await meanwhile(pid, async (command, monitor) => {
    const off = monitor.events.once((event) => event.event === 'SHUTDOWN', AbortSignal.timeout(10_000));
    await command('cont');
    await off;
  });
}

describe('a long job of an earlier driver', () => {
  test.each(['save', 'start'])('that cannot be gone on with (%s) ends no guest, and holds nobody up', async (kind) => {
    const pid = await start(usb);
    const { uuid } = await lookup(host);
    const file = path.join(host.home, 'status', `${uuid}.json`);
    await meanwhile(pid, async () => {
      const record = JSON.parse(await readFile(file, 'utf8')) as { job: object };
      const unfinished = { kind, phase: 'none', owner: 'an earlier driver', sinceWallMs: 0 };
      await writeFile(file, JSON.stringify({ ...record, job: { ...record.job, async: unfinished } }));
    });
    expect(await lookup(host)).toMatchObject({ state: 'running', pid, jobs: { sync: null, async: null } });
    expect(await host.client.call('domainSuspend', { domain: 'boot' })).toBeNull();
  });
});

describe('a QEMU that dies while it is taken up', () => {
  test('is cleared away, told once, and can be started again', async () => {
    const pid = await start(usb);
    await host.close();
    process.kill(pid, 'SIGSTOP');
    await host.open();
    const events = new EventRecord(host, 'opening');
    await expect.poll(async () => (await lookup(host)).control, { timeout: 20_000 }).toMatchObject({ state: 'error', details: 'QEMU not answering (connecting)' });
    process.kill(pid, 'SIGKILL');
    expect(await waitForState(host, 'shut off')).toMatchObject({ reason: 'crashed' });
    await host.host.driver.reconnected;
    expect(events.told.filter((told) => told.startsWith('stopped'))).toEqual(['stopped/crashed']);
    expect(await qemuProcessesOf(host.home)).toEqual([]);
    expect(await host.client.call('domainCreate', { domain: 'boot', paused: true })).toMatchObject({ state: 'paused' });
  });
});
