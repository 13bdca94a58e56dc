/** The boot-sector guest as a domain, for tests of the driver that need a real QEMU and no operating system. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';
import { bootSectorImage } from './boot-sector.ts';
import type { TestHost } from './open-test-host.ts';

export interface BootGuestOptions {
  readonly name?: string;
  readonly uuid?: string;
  /** A binary other than the system's. */
  readonly emulator?: string;
  /** An image that another guest may use as well. */
  readonly disk?: string;
  readonly memoryMiB?: number;
  /** The console's backend; false for a guest without one. */
  readonly serial?: 'unix' | 'pty' | false;
}

const serialXml = { unix: "<serial type='unix'><source mode='bind'/></serial>", pty: "<serial type='pty'/>" } as const;

export function bootGuestXml(disk: string, { name = 'boot', uuid, emulator, memoryMiB = 16, serial = 'unix' }: BootGuestOptions = {}): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  ${uuid === undefined ? '' : `<uuid>${uuid}</uuid>`}
  <memory unit='MiB'>${memoryMiB}</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    ${emulator === undefined ? '' : `<emulator>${emulator}</emulator>`}
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='sda' bus='sata'/></disk>
    <controller type='usb' model='none'/>
    ${serial === false ? '' : serialXml[serial]}
    <memballoon model='none'/>
  </devices>
</domain>`;
}

/** Writes the image unless one is named, and defines the domain; returns the image's path. */
export async function defineBootGuest(host: TestHost, options: BootGuestOptions = {}): Promise<string> {
  const disk = options.disk ?? path.join(host.home, `${options.name ?? 'boot'}.raw`);
  if (options.disk === undefined) await writeFile(disk, bootSectorImage());
  await host.client.call('domainDefineXML', { xml: bootGuestXml(disk, options) });
  return disk;
}

export async function lookup(host: TestHost, domain = 'boot'): Promise<DomainSummary> {
  return host.client.call('domainLookup', { domain });
}

/** What happened to domains from now on, in a form that is compared as a whole. */
export class EventRecord {
  readonly all: DomainEvent[] = [];

  /** @param from from now on, or everything that the host has told since it was opened, of guests that it found above all. */
  constructor(host: TestHost, from: 'now' | 'opening' = 'now') {
    if (from === 'opening') this.all.push(...host.eventsSinceOpen);
    host.client.on('domain', (event) => void this.all.push(event));
  }

  /** `event/detail` of lifecycle events and `type: detail` of the others, without `changed`. */
  get told(): string[] {
    return this.all
      .filter(({ type }) => type !== 'changed')
      .map(({ type, event, detail }) => (type === 'lifecycle' ? `${event}/${detail}` : `${type}: ${detail}`));
  }

  get revisions(): number[] {
    return this.all.map(({ revision }) => revision);
  }
}

/** The domain once it is in this state; asked again and again, because a window would be told by events. */
export async function waitForState(host: TestHost, state: DomainSummary['state'], domain = 'boot', timeoutMs = 20_000): Promise<DomainSummary> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const summary = await lookup(host, domain);
    if (summary.state === state) return summary;
    if (Date.now() > endMs) throw new Error(`the domain is ${summary.state} (${summary.reason}) and not ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
