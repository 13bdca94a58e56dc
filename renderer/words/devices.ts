/** Devices in words: what each kind is called and shown among, and what a definition promises about those of a domain that does not run. */
import type { DeviceKind } from '../../core/conf/device-definition.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

export type Device = DomainSummary['devices'][number];

/** In the order in which they are shown. */
export const deviceGroups = ['Storage', 'Network', 'Consoles and channels', 'Display, sound and input', 'From the host', 'System'] as const;
export type DeviceGroup = (typeof deviceGroups)[number];

interface DeviceWords {
  /** For who does not know libvirt's element. */
  readonly word: string;
  /** Null for controllers: there are many, and few people look for them. */
  readonly group: DeviceGroup | null;
}

const deviceWords: Readonly<Record<DeviceKind, DeviceWords>> = {
  disk: { word: 'Disk or drive', group: 'Storage' },
  lease: { word: 'Lease on shared storage', group: 'Storage' },
  filesystem: { word: 'Folder of the host, shared with the guest', group: 'Storage' },
  interface: { word: 'Network card', group: 'Network' },
  vsock: { word: 'Sockets between host and guest', group: 'Network' },
  serial: { word: 'Serial port', group: 'Consoles and channels' },
  parallel: { word: 'Parallel port', group: 'Consoles and channels' },
  console: { word: 'Console', group: 'Consoles and channels' },
  channel: { word: 'Channel for programs in the guest', group: 'Consoles and channels' },
  graphics: { word: 'Display that viewers connect to', group: 'Display, sound and input' },
  video: { word: 'Graphics card', group: 'Display, sound and input' },
  sound: { word: 'Sound card', group: 'Display, sound and input' },
  audio: { word: 'Where sound goes on the host', group: 'Display, sound and input' },
  input: { word: 'Input device', group: 'Display, sound and input' },
  hostdev: { word: 'Device of the host, given to the guest', group: 'From the host' },
  redirdev: { word: 'USB port for devices of the viewer', group: 'From the host' },
  redirfilter: { word: 'Which USB devices may be redirected', group: 'From the host' },
  smartcard: { word: 'Smart card', group: 'From the host' },
  shmem: { word: 'Memory shared with other programs', group: 'From the host' },
  memory: { word: 'Memory module', group: 'System' },
  memballoon: { word: 'Memory balloon', group: 'System' },
  tpm: { word: 'Trusted Platform Module', group: 'System' },
  rng: { word: 'Random number generator', group: 'System' },
  crypto: { word: 'Crypto accelerator', group: 'System' },
  iommu: { word: 'IOMMU', group: 'System' },
  watchdog: { word: 'Watchdog', group: 'System' },
  panic: { word: 'Tells the host of a panic', group: 'System' },
  pstore: { word: 'Keeps messages of a crash', group: 'System' },
  nvram: { word: 'Firmware variables', group: 'System' },
  hub: { word: 'USB hub', group: null },
  controller: { word: 'Controller', group: null },
};

const isKnown = (kind: string): kind is DeviceKind => Object.hasOwn(deviceWords, kind);

/** What a kind is, beside libvirt's element for it. */
export function deviceTooltip(kind: string): string {
  return isKnown(kind) ? `${deviceWords[kind].word} <${kind}>` : `<${kind}>`;
}

/** Equal devices of a domain that does not run, where nothing tells them apart, as one with a count. */
export interface CountedDevice extends Device {
  readonly count: number;
}

/** Devices by group, groups that are not empty, and what belongs to none. A kind of a newer host is among System. */
export function groupDevices(devices: readonly Device[]): { readonly groups: readonly { readonly title: DeviceGroup; readonly devices: readonly CountedDevice[] }[]; readonly controllers: readonly CountedDevice[] } {
  const among = (group: DeviceGroup | null): readonly CountedDevice[] => counted(devices.filter(({ kind }) => (isKnown(kind) ? deviceWords[kind].group : 'System') === group));
  const groups = deviceGroups.map((title) => ({ title, devices: among(title) })).filter((group) => group.devices.length > 0);
  return { groups, controllers: among(null) };
}

function counted(devices: readonly Device[]): readonly CountedDevice[] {
  const alike = new Map<string, CountedDevice>();
  for (const device of devices) {
    const key = JSON.stringify([device.kind, device.label, device.alias]);
    alike.set(key, { ...device, count: (alike.get(key)?.count ?? 0) + 1 });
  }
  return [...alike.values()];
}

/** The first console is often only the first serial port under a second name, which is no further way in. */
export function definedConsoles({ devices }: Pick<DomainSummary, 'devices'>): readonly Device[] {
  const terminals = devices.filter(({ kind }) => kind === 'serial' || kind === 'console');
  const hasSerial = terminals.some(({ kind }) => kind === 'serial');
  return terminals.filter(({ kind, label }) => !(hasSerial && kind === 'console' && label.startsWith('serial')));
}

/** Whether the definition has the channel that the guest agent talks through. */
export function hasAgentChannel({ devices }: Pick<DomainSummary, 'devices'>): boolean {
  return devices.some(({ kind, label }) => kind === 'channel' && label.includes('org.qemu.guest_agent'));
}
