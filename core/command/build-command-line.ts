/** Puts the whole command line together, in libvirt's order, from a live definition. */
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { zpciFragments } from '../devices/address-properties.ts';
import { type CommandFragment, flag, keyed, plain } from '../devices/command-fragment.ts';
import type { DeviceLaunch, LaunchContext } from '../devices/launch-context.ts';
import { inDeviceOrder, moduleOf } from '../devices/registry.ts';
import { masterKeyObjects } from '../devices/secret-object.ts';
import { believedCapabilities } from './believed-capabilities.ts';
import { bootFragments, sleepFragments } from './boot.ts';
import { bootOrder } from './boot-order.ts';
import { clockEnvironment, clockFragments } from './clock.ts';
import { CommandLine } from './command-line.ts';
import { cpuFragments, cpuModelOf } from './cpu.ts';
import { flashFragments, loaderFragments } from './firmware.ts';
import { iothreadFragments, throttleGroupFragments } from './iothreads.ts';
import { launchSecurityFragments } from './launch-security.ts';
import { machineFragments } from './machine.ts';
import { memoryFragments } from './memory.ts';
import { numaFragments } from './numa.ts';
import { deprecationKeys, overrideDevices } from './overrides.ts';
import { refuseUnknownNodes } from './refuse-unknown.ts';
import { firmwareConfigFragments, generationFragments, smbiosFragments } from './smbios.ts';
import { cpuCountFragment, pluggedCpuFragments } from './vcpus.ts';

/** `live` comes from liveDefinition. Throws CONFIG_UNSUPPORTED for what cannot be given to QEMU. */
export function buildCommandLine(live: DomainDefinition, given: LaunchContext): CommandLine {
  refuseUnknownNodes(live);
  const launch = { ...given, capabilities: believedCapabilities(given.capabilities, live) };
  const order = bootOrder(live);
  const deviceLaunch: DeviceLaunch = { ...launch, definition: live, bootIndexOf: (device) => order.get(device) ?? null };
  const devices = inOrderOfBuses(live.devices).flatMap((device) => [...zpciFragments(device), ...moduleOf(device).commandLine(device, deviceLaunch)]);
  const board = boardFragments(live, launch);
  const fragments = [
    ...processFragments(live, launch),
    ...masterKeyObjects([...board, ...devices], launch),
    ...board,
    ...devices,
    ...launchSecurityFragments(live, launch),
    ...sandboxFragments(launch, devices.some(runsBridgeHelper)),
    keyed('msg', null, { timestamp: true }),
    ...(launch.isIncoming ? [plain('incoming', 'defer')] : []),
    ...(live.commandline?.arguments ?? []).map(({ value }): CommandFragment => ({ form: 'verbatim', value })),
  ];
  const environment = Object.fromEntries((live.commandline?.environment ?? []).map(({ name, value }) => [name, value ?? '']));
  return new CommandLine(launch.capabilities.binary, overrideDevices(fragments, live), { ...clockEnvironment(live), ...environment });
}

function processFragments(live: DomainDefinition, { pidFile, monitorPath }: LaunchContext): readonly CommandFragment[] {
  const deprecation = deprecationKeys(live);
  return [
    keyed('name', null, { guest: live.name, 'debug-threads': true }),
    ...(deprecation ? [keyed('compat', null, deprecation)] : []),
    flag('S'),
    flag('no-user-config'),
    flag('nodefaults'),
    plain('pidfile', pidFile),
    keyed('chardev', 'socket', { id: 'charmonitor', path: monitorPath, server: true, wait: false }),
    keyed('mon', null, { chardev: 'charmonitor', id: 'monitor', mode: 'control' }),
  ];
}

function boardFragments(live: DomainDefinition, launch: LaunchContext): readonly CommandFragment[] {
  const uuid = live.hardwareUuid ?? live.uuid;
  return [
    ...flashFragments(live, launch),
    ...machineFragments(live, launch),
    ...cpuFragments(live, launch.accelerator),
    ...loaderFragments(live),
    ...memoryFragments(live, launch),
    cpuCountFragment(live),
    ...iothreadFragments(live),
    ...throttleGroupFragments(live),
    ...numaFragments(live, launch),
    ...(uuid === null ? [] : [plain('uuid', uuid)]),
    ...smbiosFragments(live),
    ...firmwareConfigFragments(live),
    ...generationFragments(live),
    plain('display', 'none'),
    ...clockFragments(live, launch.accelerator),
    // A guest that powers off stays until the driver has seen it and reset or ended it (F6).
    flag('no-shutdown'),
    ...(live.onReboot === 'destroy' ? [flag('no-reboot')] : []),
    ...(live.features.asyncTeardown ? [keyed('run-with', null, { 'async-teardown': true })] : []),
    ...sleepFragments(live),
    ...bootFragments(live),
    ...pluggedCpuFragments(live, cpuModelOf(live, launch.accelerator)),
  ];
}

/** QEMU makes devices in the order of the command line: a bus stands before what is plugged into it. */
function inOrderOfBuses(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const rank = (device: DeviceDefinition): number => {
    // An IOMMU sees only the PCI devices that come after it; AMD's takes whatever slot is left when it comes.
    if (device.kind === 'iommu') return device.model === 'amd' ? 5 : -1;
    // Hubs stand before what may be behind them, a reader of smart cards among it.
    if (device.kind !== 'controller') return device.kind === 'hub' ? 2 : 4;
    if (device.type === 'ccid') return 3;
    return device.type === 'pci' ? 0 : 1;
  };
  const ordered = inDeviceOrder(devices).toSorted((a, b) => rank(a) - rank(b));
  const ranked = (accept: (rank: number) => boolean): readonly DeviceDefinition[] => ordered.filter((device) => accept(rank(device)));
  return [...ranked((at) => at < 0), ...parentsFirst(ranked((at) => at === 0)), ...ranked((at) => at > 0)];
}

/** PCI buses by their numbers, but each after the bus that it is plugged into. */
function parentsFirst(buses: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const byIndex = new Map(buses.flatMap((bus) => (bus.kind === 'controller' ? [[bus.index, bus] as const] : [])));
  const placed = new Set<DeviceDefinition>();
  const begun = new Set<DeviceDefinition>();
  const place = (bus: DeviceDefinition): void => {
    begun.add(bus);
    const parent = bus.address?.type === 'pci' ? byIndex.get(bus.address.bus) : undefined;
    if (parent && !begun.has(parent)) place(parent);
    placed.add(bus);
  };
  for (const bus of buses) place(bus);
  return [...placed];
}

/** QEMU runs its setuid helper to join a bridge. */
function runsBridgeHelper(fragment: CommandFragment): boolean {
  return fragment.form === 'json' && fragment.option === 'netdev' && fragment.value['type'] === 'bridge';
}

/** seccomp (F11), where the binary was built with it: QEMU describes the option only then. */
function sandboxFragments({ capabilities }: LaunchContext, runsHelper: boolean): readonly CommandFragment[] {
  // Any filter at all forbids new privileges (prctl(2), PR_SET_NO_NEW_PRIVS), and a setuid helper has none then.
  if (runsHelper || !capabilities.commandLineOptions.get('sandbox')?.has('elevateprivileges')) return [];
  return [keyed('sandbox', 'on', { obsolete: 'deny', elevateprivileges: 'deny', spawn: 'deny', resourcecontrol: 'deny' })];
}
