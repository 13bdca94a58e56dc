/** The guests that are measured: the smallest that runs, and one with no disk that is never run. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../core/api/client.ts';
import { bootGuestXml } from '../test/support/boot-guest.ts';
import { bootSectorImage } from '../test/support/boot-sector.ts';
import type { HostProcess } from './host-process.ts';

/** The boot-sector guest, by the name `tiny`. */
export async function defineTinyGuest(host: HostProcess, client: Client): Promise<void> {
  const disk = path.join(host.home, 'tiny.raw');
  await writeFile(disk, bootSectorImage());
  await client.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'tiny' }) });
}

/** A domain with what nearly every domain has, and no file that must exist. */
export function disklessXml(name: string): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>`;
}
