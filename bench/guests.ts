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

/** The sample guest's kernel with what a flood needs: a shell on ttyS0, hvc0, and the port `bench.0`. */
export function portGuestXml(name: string, { kernel, initrd }: { readonly kernel: string; readonly initrd: string }): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>256</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>console=ttyS0 vireo.name=bench quiet</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind'/></serial>
    <console type='unix'><source mode='bind'/><target type='virtio'/></console>
    <channel type='unix'><source mode='bind'/><target type='virtio' name='bench.0'/></channel>
    <memballoon model='none'/>
  </devices>
</domain>`;
}
