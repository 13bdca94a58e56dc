/**
 * What became of a guest's devices while no driver looked (F5): gone from their slots, trays open, media taken out, memory
 * given back. QEMU is believed, the live definition follows, and each difference is told once, as if it had just happened.
 */
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { noChain } from '../devices/disk/backing-chain.ts';
import type { Disk } from '../devices/disk/disk-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import type { QmpResult } from '../monitor/commands.ts';
import { diskOfDevice } from './disk-of-node.ts';
import type { ProcessContext } from './process-context.ts';

/** @param monitor of a job that may change the domain. */
export async function refreshDevices({ hub }: Pick<ProcessContext, 'hub'>, domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  const before = live.peripherals;
  live.peripherals = await readPeripherals(monitor);
  for (const alias of before) if (!live.peripherals.has(alias)) removeDevice(hub, domain, live, alias);
  const drives = await monitor.query('query-block');
  for (const disk of devicesOf(live.definition.devices, 'disk')) refreshDrive(hub, domain, live, disk, drives);
  await refreshMemory(live, monitor);
}

/** The ids of all devices that were given one: those of the command line and those plugged since. */
export async function readPeripherals(monitor: WriteMonitor): Promise<ReadonlySet<string>> {
  const properties = await monitor.execute('qom-list', { path: '/machine/peripheral' });
  return new Set(properties.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name));
}

/** What is no device of the definition, such as a vCPU, has none to lose. */
function removeDevice(hub: ProcessContext['hub'], domain: Domain, live: LiveDomain, alias: string): void {
  const { devices } = live.definition;
  const left = devices.filter((device) => device.alias !== alias);
  if (left.length === devices.length) return;
  live.definition = { ...live.definition, devices: left };
  hub.happened(domain, 'device-removed', alias, { alias });
}

/** Only a drive has a tray, and can be without a medium. */
function refreshDrive(hub: ProcessContext['hub'], domain: Domain, live: LiveDomain, disk: Disk, drives: QmpResult<'query-block'>): void {
  const { alias } = disk;
  const drive = drives.find(({ qdev }) => alias !== null && qdev !== undefined && diskOfDevice(live.definition, qdev)?.disk.alias === alias);
  if (!drive?.removable || (disk.device !== 'cdrom' && disk.device !== 'floppy')) return;
  const { dev } = disk.target;
  const tray = drive.tray_open ? ('open' as const) : null; // closed is what a tray is unless something else is said
  const isEmpty = drive.inserted === undefined;
  const changed: Disk = { ...disk, ...(isEmpty ? withoutMedium(disk) : {}), target: { ...disk.target, tray } };
  live.definition = withDevices(live.definition, (device) => (device.kind === 'disk' && device.alias === alias ? changed : device));
  if (tray === disk.target.tray) return;
  const reason = tray === 'open' ? 'opened' : 'closed';
  hub.happened(domain, 'tray-change', `${dev} ${reason}`, { alias: alias ?? '', disk: dev, reason });
}

/** As a drive is defined that is empty from the beginning. */
function withoutMedium(disk: Disk): Pick<Disk, 'backend' | 'chain'> {
  const backend = disk.backend.type === 'file' ? { ...disk.backend, source: null } : disk.backend;
  return { backend, chain: noChain };
}

/** The balloon, and what virtio-mem devices have plugged on top of it. */
async function refreshMemory(live: LiveDomain, monitor: WriteMonitor): Promise<void> {
  const { devices } = live.definition;
  if (devicesOf(devices, 'memory').some(({ model }) => model === 'virtio-mem')) {
    const sizes = new Map((await monitor.query('query-memory-devices')).map(({ data }) => ['id' in data ? data.id : undefined, 'size' in data ? data.size : 0]));
    live.definition = withDevices(live.definition, (device) =>
      device.kind === 'memory' && device.model === 'virtio-mem' && device.alias !== null && sizes.has(device.alias)
        ? { ...device, target: { ...device.target, currentKiB: Math.ceil((sizes.get(device.alias) ?? 0) / 1024) } }
        : device,
    );
  }
  if (!devicesOf(devices, 'memballoon').some(({ model }) => model !== 'none')) return;
  const { actual } = await monitor.query('query-balloon');
  live.definition = { ...live.definition, currentMemoryKiB: Math.floor(actual / 1024) + pluggedKiB(live.definition) };
}

function pluggedKiB({ devices }: DomainDefinition): number {
  return devicesOf(devices, 'memory').reduce((sum, memory) => sum + (memory.model === 'virtio-mem' ? (memory.target.currentKiB ?? 0) : 0), 0);
}

function withDevices(definition: DomainDefinition, change: (device: DeviceDefinition) => DeviceDefinition): DomainDefinition {
  return { ...definition, devices: definition.devices.map(change) };
}
