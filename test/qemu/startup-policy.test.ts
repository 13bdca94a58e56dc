/** What a missing medium or disk does to a start (F3), as clients, the log and the XML see it. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, EventRecord } from '../support/boot-guest.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

let host: TestHost;
beforeEach(async () => {
  host = await openTestHost();
  await writeFile(path.join(host.home, 'boot.raw'), bootSectorImage());
});
afterEach(() => host[Symbol.asyncDispose]());

const xml = async (inactive = false): Promise<string> => (await host.client.call('domainGetXMLDesc', { domain: 'boot', inactive })).xml;

async function define(disks: string): Promise<void> {
  await host.client.call('domainDefineXML', { xml: bootGuestXml(`${host.home}/boot.raw`, { serial: false }).replace('<controller', `${disks}<controller`) });
}

function disk(device: string, dev: string, policy: string): string {
  return `<disk type='file' device='${device}'><driver name='qemu' type='raw'/><source file='${host.home}/${dev}.img'${policy}/><target dev='${dev}' bus='sata'/></disk>`;
}

test('what is optional is left out of this run, with an event, a line in the log, and only in the run’s XML', async () => {
  await define(disk('cdrom', 'sdb', " startupPolicy='optional'") + disk('disk', 'sdc', " startupPolicy='optional'"));
  const events = new EventRecord(host);
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  expect(events.told).toEqual([
    `disk-change: sdb: '${host.home}/sdb.img' is missing on start`, `disk-change: sdc: '${host.home}/sdc.img' is missing on start`, 'started/booted', 'suspended/paused',
  ]);
  expect(events.all.find(({ type }) => type === 'disk-change')).toMatchObject({ details: { alias: 'sata0-0-1', oldPath: `${host.home}/sdb.img`, newPath: null, reason: 'changed' } });
  expect(await xml()).toMatch(/device='cdrom'>\s*<driver[^>]*>\s*<target dev='sdb'/);
  expect(await xml()).not.toContain('sdc');
  expect(await xml(true)).toMatch(/sdb\.img[\s\S]*sdc\.img/);
  const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
  expect(text).toMatch(/disk 'sdb': '.*sdb\.img' is missing; the drive is empty in this run\n.*disk 'sdc': .* the disk is left out in this run/);
  await host.client.call('domainDestroy', { domain: 'boot' });
  await writeFile(`${host.home}/sdb.img`, Buffer.alloc(2048));
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  expect(await xml()).toContain('sdb.img');
});

test.each(['', " startupPolicy='mandatory'", " startupPolicy='requisite'"])('a medium with%s fails the start with disk and file, and no event', async (policy) => {
  await define(disk('cdrom', 'sdb', policy));
  const events = new EventRecord(host);
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow(`disk 'sdb': '${host.home}/sdb.img' does not exist`);
  expect(events.told).toEqual([]);
});

test('a start that fails for another reason tells of no medium that it would have left out', async () => {
  await define(disk('cdrom', 'sdb', " startupPolicy='optional'"));
  await rm(`${host.home}/boot.raw`);
  const events = new EventRecord(host);
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow("disk 'sda'");
  expect(events.told).toEqual([]);
});
