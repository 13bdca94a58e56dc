/** A guest with UEFI on a real QEMU: what `<os firmware='efi'>` becomes, and what happens to its variables. */
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { firmwareFolders, readFirmwareDescriptors } from '../../core/firmware/firmware-descriptor.ts';
import { silentLog } from '../../core/base/log.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import { openTestHost } from '../support/open-test-host.ts';

const xml = `<domain type='qemu'><name>uefi</name><memory unit='MiB'>64</memory>
  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type><loader secure='no'/></os>
  <features><acpi/></features><devices><serial type='pty'/></devices></domain>`;

const descriptors = await readFirmwareDescriptors(firmwareFolders({ env: {}, home: '/nonexistent', platform: process.platform }), silentLog);
const isInstalled = descriptors.some(({ targets, features }) => !features.includes('requires-smm') && targets.some(({ architecture }) => architecture === 'x86_64'));

test.skipIf(!isInstalled)('a domain that asks for efi runs with variables of its own, which outlive its runs and its definition only if wanted', async () => {
  await using host = await openTestHost();
  const { client } = host;
  const layout = stateLayout(host.home);
  await client.call('domainDefineXML', { xml });
  const { xml: defined } = await client.call('domainGetXMLDesc', { domain: 'uefi' });
  const store = path.join(layout.nvram, 'uefi_VARS.fd');
  expect(defined).toContain(`>${store}</nvram>`);
  await expect(access(store)).rejects.toThrow('ENOENT');
  await client.call('domainCreate', { domain: 'uefi', paused: true });
  const { result } = await client.call('qemuDomainMonitorCommand', { domain: 'uefi', command: '{"execute":"query-block"}' });
  expect(result).toContain(store);
  await client.call('domainDestroy', { domain: 'uefi' });
  const fresh = await readFile(store);
  await writeFile(store, Buffer.concat([fresh.subarray(0, -1), Buffer.of(7)]));
  await client.call('domainCreate', { domain: 'uefi', paused: true });
  await expect(client.call('domainUndefine', { domain: 'uefi', nvram: 'remove' })).rejects.toThrow('of a domain that runs');
  await client.call('domainDestroy', { domain: 'uefi' });
  expect((await readFile(store)).at(-1)).toBe(7);
  await client.call('domainCreate', { domain: 'uefi', paused: true, resetNvram: true });
  await client.call('domainDestroy', { domain: 'uefi' });
  expect((await readFile(store)).equals(fresh)).toBe(true);
  await expect(client.call('domainUndefine', { domain: 'uefi' })).rejects.toThrow('cannot undefine domain with nvram');
  await client.call('domainUndefine', { domain: 'uefi', nvram: 'remove' });
  await expect(access(store)).rejects.toThrow('ENOENT');
});
