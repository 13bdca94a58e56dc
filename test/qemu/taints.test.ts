/** Taints (F8): told once a run to the logs and to clients, kept over a driver's restart, and gone with the run. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { bootGuestXml, lookup } from '../support/boot-guest.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

/** A QEMU that is root is one, wherever the tests are. */
const rights = process.geteuid?.() === 0 ? ['high-privileges'] : [];
let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
  await writeFile(path.join(host.home, 'boot.raw'), bootSectorImage());
});
afterEach(() => host[Symbol.asyncDispose]());

function guest(more = '', devices = ''): string {
  return bootGuestXml(`${host.home}/boot.raw`, { serial: false })
    .replace("<domain type='qemu'>", "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>")
    .replace('</domain>', `${more}</domain>`)
    .replace('</devices>', `${devices}</devices>`);
}

async function taintsOf(xml: string): Promise<readonly string[]> {
  await host.client.call('domainDefineXML', { xml });
  await host.client.call('domainCreate', { domain: 'boot', paused: true });
  return (await lookup(host)).taints;
}

test('a plain guest has those of whom it runs as alone', async () => {
  expect(await taintsOf(guest())).toEqual(rights);
});

test('what the definition hands past every check taints the run, once, in both logs, over a restart of the driver', async () => {
  const commandline = "<qemu:commandline><qemu:arg value='-name'/><qemu:arg value='other'/></qemu:commandline>";
  const override = "<qemu:override><qemu:device alias='ide0-0-0'><qemu:frontend><qemu:property name='rotation_rate' type='unsigned' value='1'/></qemu:frontend></qemu:device></qemu:override>";
  // QEMU 7.2 says of this machine that it is deprecated.
  const xml = guest(commandline + override).replace("machine='q35'", "machine='pc-i440fx-1.4'").replace("dev='sda' bus='sata'", "dev='hda' bus='ide'");
  const expected = [...rights, 'custom-argv', 'custom-device', 'deprecated-config'].sort();
  expect([...(await taintsOf(xml))].sort()).toEqual(expected);
  const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
  for (const taint of expected) expect(text.match(new RegExp(`: Domain id=1 is tainted: ${taint}\n`, 'g'))).toHaveLength(1);
  const { uuid } = await lookup(host);
  expect(host.log.join('\n')).toContain(`Domain id=1 name='boot' uuid=${uuid} is tainted: custom-argv`);
  await host.reopen();
  await expect.poll(async () => [...(await lookup(host)).taints].sort(), { timeout: 20_000 }).toEqual(expected);
  await host.client.call('domainDestroy', { domain: 'boot' });
  expect(await lookup(host)).toMatchObject({ taints: [] });
});

test('a format that was guessed, where the host’s settings allow it, is one', async () => {
  await host.close();
  await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ allowDiskFormatProbing: true }));
  await host.open();
  const run = (...args: readonly string[]): Promise<unknown> => promisify(execFile)('qemu-img', ['create', '-q', '-f', ...args], { cwd: host.home });
  await run('qcow2', 'base.qcow2', '1M');
  await run('qed', '-b', 'base.qcow2', '-F', 'qcow2', 'top.qed'); // this format records nothing of what lies below but that it is raw
  const disk = `<disk type='file' device='disk'><driver name='qemu' type='qed'/><source file='${host.home}/top.qed'/><target dev='vda' bus='virtio'/></disk>`;
  expect([...(await taintsOf(guest('', disk)))].sort()).toEqual(['disk-probing', ...rights]);
  const { xml } = await host.client.call('domainGetXMLDesc', { domain: 'boot' });
  expect(xml).toMatch(/<backingStore type='file' index='\d+'>\s*<format type='qcow2'\/>/);
});
