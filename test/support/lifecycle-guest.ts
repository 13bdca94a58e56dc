/** The boot-sector guest with the hardware that a test of events wants, and ways to make it use it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bootSectorImage, greeting } from './boot-sector.ts';
import { EventRecord } from './boot-guest.ts';
import { type GuestConsole, guestConsole } from './guest-console.ts';
import type { TestHost } from './open-test-host.ts';

export interface LifecycleGuestOptions {
  readonly name?: string;
  readonly machine?: 'q35' | 'pc';
  /** `<on_crash>` and the like. */
  readonly actions?: string;
  readonly devices?: string;
  readonly memoryMiB?: number;
}

/** A guest that runs and has greeted, with what happens to it from now on. */
export interface LifecycleGuest extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly serial: GuestConsole;
  readonly events: EventRecord;
  /** Types a command for the guest's hardware and waits until it has obeyed. */
  obey(command: Buffer): Promise<void>;
  /** The same for a command after which the guest says nothing more. */
  type(command: Buffer): Promise<void>;
}

export async function startLifecycleGuest(host: TestHost, options: LifecycleGuestOptions = {}): Promise<LifecycleGuest> {
  const { name = 'boot', machine = 'q35', actions = '', devices = '', memoryMiB = 16 } = options;
  const disk = path.join(host.home, `${name}.raw`);
  await writeFile(disk, bootSectorImage());
  const xml = `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>${memoryMiB}</memory>
  <os><type arch='x86_64' machine='${machine}'>hvm</type></os>
  <features><acpi/></features>
  ${actions}
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='${machine === 'q35' ? 'sda' : 'hda'}' bus='${machine === 'q35' ? 'sata' : 'ide'}'/><boot order='1'/></disk>
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind'/></serial>
    <memballoon model='none'/>
    ${devices}
  </devices>
</domain>`;
  await host.client.call('domainDefineXML', { xml });
  const { pid } = await host.client.call('domainCreate', { domain: name });
  const serial = await guestConsole(host.client, name, null);
  await serial.waitFor(new RegExp(greeting.trim()));
  const type = (command: Buffer): Promise<void> => serial.typeBytes(command);
  return {
    name,
    pid: pid ?? 0,
    serial,
    events: new EventRecord(host),
    type,
    async obey(command) {
      for (let at = 0; at < command.length; at += 7) {
        await type(command.subarray(at, at + 7));
        await serial.waitFor(/\./);
      }
    },
    [Symbol.asyncDispose]: () => serial[Symbol.asyncDispose](),
  };
}
