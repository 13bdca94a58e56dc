/** The sample guest with a disk full of what it is to say, and one device of each kind to say it on. */
import type { Client } from '../../core/api/client.ts';
import type { SampleGuest } from '../../core/storage/sample-guest.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { logIn } from '../support/sample-guest-shell.ts';

export interface ExactDevice {
  readonly what: string;
  readonly alias: string;
  /** In the guest. */
  readonly file: string;
  /** QEMU leaves out what it cannot hand over at once. */
  readonly mayLeaveOut: boolean;
}

export const port: ExactDevice = { what: 'virtio port', alias: 'channel0', file: '/dev/virtio-ports/exact.0', mayLeaveOut: false };
export const virtioConsole: ExactDevice = { what: 'hvc0', alias: 'console0', file: '/dev/hvc0', mayLeaveOut: true };
export const serialPort: ExactDevice = { what: 'ttyS1', alias: 'serial1', file: '/dev/ttyS1', mayLeaveOut: false };

export function exactGuestXml({ kernel, initrd }: SampleGuest, disk: string): string {
  return `<domain type='qemu'>
  <name>exact</name>
  <memory unit='MiB'>192</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>console=ttyS0 vireo.name=exact quiet</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind'/></serial>
    <serial type='unix'><source mode='bind'/></serial>
    <console type='unix'><source mode='bind'/><target type='virtio'/></console>
    <channel type='unix'><source mode='bind'/><target type='virtio' name='exact.0'/></channel>
    <memballoon model='none'/>
  </devices>
</domain>`;
}

/** Logged in on ttyS0, with the other devices carrying bytes and nothing else. */
export async function startExactGuest(client: Client, xml: string): Promise<GuestConsole> {
  await client.call('domainDefineXML', { xml });
  await client.call('domainCreate', { domain: 'exact' });
  const shell = await guestConsole(client, 'exact', 'serial0');
  await logIn(shell);
  // The logins on the other devices would read what is meant for the guest, and answer.
  await shell.type(`${quietDevices.map(silence).join('; ')}; echo re""ady\n`);
  await shell.waitFor(/ready/);
  return shell;
}

const quietDevices = ['hvc0', 'ttyS1'];

/** Stops the login that would read what is meant for the guest, and answer; then the device carries bytes and nothing else. */
function silence(device: string): string {
  return `until pid=$(ps -o pid,args | grep "[g]etty.*${device}" | sed "s/^ *//; s/ .*//") && [ -n "$pid" ]; do sleep 0.1; done; kill -STOP $pid; stty -F /dev/${device} raw -echo`;
}
