/** Puts the whole command line together, in libvirt's order, from a live definition. */
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type CommandFragment, flag, keyed, plain } from '../devices/command-fragment.ts';
import type { DeviceLaunch, LaunchContext } from '../devices/launch-context.ts';
import { inDeviceOrder, moduleOf } from '../devices/registry.ts';
import { bootOrder } from './boot-order.ts';
import { CommandLine } from './command-line.ts';
import { bootFragments, clockFragments, cpuCountFragment, cpuFragments, machineFragment, memoryFragment, sleepFragments } from './domain-fragments.ts';
import { refuseUnknownNodes } from './refuse-unknown.ts';

/** `live` comes from liveDefinition. Throws CONFIG_UNSUPPORTED for what cannot be given to QEMU. */
export function buildCommandLine(live: DomainDefinition, launch: LaunchContext): CommandLine {
  refuseUnknownNodes(live);
  const order = bootOrder(live);
  const deviceLaunch: DeviceLaunch = { ...launch, definition: live, bootIndexOf: (device) => order.get(device) ?? null };
  const fragments = [
    ...processFragments(live, launch),
    ...machineFragments(live, launch),
    ...inOrderOfBuses(live.devices).flatMap((device) => moduleOf(device).commandLine(device, deviceLaunch)),
    ...sandboxFragments(launch),
    keyed('msg', null, { timestamp: true }),
    ...(live.commandline?.arguments ?? []).map(({ value }): CommandFragment => ({ form: 'verbatim', value })),
  ];
  const environment = Object.fromEntries((live.commandline?.environment ?? []).map(({ name, value }) => [name, value ?? '']));
  return new CommandLine(launch.capabilities.binary, fragments, environment);
}

function processFragments({ name }: DomainDefinition, { pidFile, monitorPath }: LaunchContext): readonly CommandFragment[] {
  return [
    keyed('name', null, { guest: name, 'debug-threads': true }),
    flag('S'),
    flag('no-user-config'),
    flag('nodefaults'),
    plain('pidfile', pidFile),
    keyed('chardev', 'socket', { id: 'charmonitor', path: monitorPath, server: true, wait: false }),
    keyed('mon', null, { chardev: 'charmonitor', id: 'monitor', mode: 'control' }),
  ];
}

function machineFragments(live: DomainDefinition, { accelerator }: LaunchContext): readonly CommandFragment[] {
  return [
    machineFragment(live),
    plain('accel', accelerator),
    ...cpuFragments(live, accelerator),
    memoryFragment(live),
    cpuCountFragment(live),
    ...(live.uuid === null ? [] : [plain('uuid', live.uuid)]),
    plain('display', 'none'),
    ...clockFragments(live, accelerator),
    // A guest that powers off stays until the driver has seen it and reset or ended it (F6).
    flag('no-shutdown'),
    ...(live.onReboot === 'destroy' ? [flag('no-reboot')] : []),
    ...sleepFragments(live),
    ...bootFragments(live),
  ];
}

/** QEMU makes devices in the order of the command line: a bus stands before what is plugged into it. */
function inOrderOfBuses(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const rank = (device: DeviceDefinition): number => {
    if (device.kind !== 'controller') return 2;
    return device.type === 'pci' ? 0 : 1;
  };
  return inDeviceOrder(devices).toSorted((a, b) => rank(a) - rank(b));
}

/** seccomp (F11), where the binary was built with it: QEMU describes the option only then. */
function sandboxFragments({ capabilities }: LaunchContext): readonly CommandFragment[] {
  if (!capabilities.commandLineOptions.get('sandbox')?.has('elevateprivileges')) return [];
  return [keyed('sandbox', 'on', { obsolete: 'deny', elevateprivileges: 'deny', spawn: 'deny', resourcecontrol: 'deny' })];
}
