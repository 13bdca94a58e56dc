/** Save images that libvirt and Vireo read of each other (J1): a guest that one has saved goes on under the other. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LibvirtSession, openLibvirtSession } from '../../bench/libvirt-session.ts';
import { lookup } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const stop = new AbortController();
let libvirt: LibvirtSession | null = null;
let host: TestHost;

beforeAll(async () => {
  host = await openTestHost();
  libvirt = await openLibvirtSession(stop.signal).catch(() => null); // not installed, or not to be run here
});
afterAll(async () => {
  stop.abort();
  await libvirt?.[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** Without what only one of the two has by itself. */
function guestXml(disk: string, uuid: string): string {
  return `<domain type='qemu'>
  <name>boot</name><uuid>${uuid}</uuid>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='hda' bus='ide'/></disk>
    <controller type='usb' model='none'/>
    <serial type='pty'/>
    <memballoon model='none'/>
  </devices>
</domain>`;
}

test('libvirt reads, changes and restores an image of Vireo’s', async (context) => {
  context.skip(!libvirt, 'libvirt is not installed');
  if (!libvirt) return;
  const disk = path.join(host.home, 'boot.raw');
  const uuid = '11111111-0000-4000-8000-000000000001';
  await writeFile(disk, bootSectorImage());
  await host.client.call('domainDefineXML', { xml: guestXml(disk, uuid) });
  await host.client.call('domainCreate', { domain: 'boot' });
  {
    await using serial = await guestConsole(host.client, 'boot', null);
    await serial.waitFor(/BOOT-SECTOR-READY/);
  }
  const image = path.join(host.home, 'ours.save');
  await host.client.call('domainSave', { domain: 'boot', to: image });
  const given = await libvirt.give('ours.save', image);
  const shown = await libvirt.virsh('save-image-dumpxml', given);
  expect(shown).toContain(`<uuid>${uuid}</uuid>`);
  const theirDisk = await libvirt.give('boot.raw', disk);
  const changed = await libvirt.give('changed.xml', Buffer.from(shown.replaceAll(disk, theirDisk)));
  await libvirt.virsh('save-image-define', given, changed);
  expect(await libvirt.virsh('save-image-dumpxml', given)).toContain(theirDisk);
  await libvirt.virsh('restore', given);
  expect(await libvirt.virsh('domstate', 'boot', '--reason')).toMatch(/running \(restored\)/);
  await libvirt.virsh('destroy', 'boot');
});

test.each(['raw', 'gzip'])('Vireo reads, changes and restores an image of libvirt’s, in the format %s', async (format) => {
  if (!libvirt) return;
  for (const { uuid: domain } of (await host.client.call('connectListAllDomains', {})).domains) await host.client.call('domainUndefine', { domain });
  const uuid = '22222222-0000-4000-8000-000000000002';
  const disk = await libvirt.give('theirs.raw', bootSectorImage());
  await libvirt.virsh('create', await libvirt.give('theirs.xml', Buffer.from(guestXml(disk, uuid))));
  const image = await libvirt.give('theirs.save', Buffer.alloc(0));
  await libvirt.virsh('save', 'boot', image);
  const own = path.join(host.home, 'theirs.save');
  await copyFile(image, own);
  if (format === 'gzip') await repack(own);
  const { xml } = await host.client.call('domainSaveImageGetXMLDesc', { file: own, secure: true });
  expect(xml).toContain(`<uuid>${uuid}</uuid>`);
  const copy = path.join(host.home, 'theirs.raw');
  await copyFile(disk, copy);
  expect(await host.client.call('domainSaveImageDefineXML', { file: own, xml: xml.replaceAll(disk, copy) })).toEqual({ changed: true });
  await host.client.call('domainRestore', { from: own });
  expect(await lookup(host)).toMatchObject({ state: 'running', reason: 'restored', persistent: false });
  await using serial = await guestConsole(host.client, 'boot', null, { from: 'now' });
  await serial.type('still here');
  await serial.waitFor(/still here/);
  await host.client.call('domainDestroy', { domain: 'boot' });
});

/** As libvirt writes it where its settings say so. */
async function repack(file: string): Promise<void> {
  const { gzipSync } = await import('node:zlib');
  const bytes = await readFile(file);
  const state = 92 + bytes.readUInt32LE(20);
  bytes.writeUInt32LE(1, 28);
  await writeFile(file, Buffer.concat([bytes.subarray(0, state), gzipSync(bytes.subarray(state))]));
}
