/**
 * From what somebody wrote to what the driver will run (D3, D4, E): defaults, implied devices, addresses, then checks.
 * The result is what gets stored and shown, so that nothing is decided behind the user's back at start; completing a
 * completed definition changes nothing.
 */
import { randomBytes } from 'node:crypto';
import { VireoError } from '../base/errors.ts';
import type { MachineType, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import type { CpuDefinition, DomainDefinition } from '../conf/domain-definition.ts';
import { machineFamily } from '../conf/machine-family.ts';
import { roundMemory } from '../conf/memory-size.ts';
import { mirrorFirstSerial } from '../devices/console/mirror-console.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { bootOrderOf, deviceKinds, inDeviceOrder, moduleOf } from '../devices/registry.ts';
import { assignDrive } from './assign-drive.ts';
import { assignPci } from './assign-pci.ts';
import { assignUsb } from './assign-usb.ts';
import { assignVirtioSerial } from './assign-virtio-serial.ts';
import { validateDomain } from './validate-domain.ts';

export interface CompleteOptions {
  readonly capabilities: QemuCapabilities;
  readonly newUuid: () => string;
  /** A fresh MAC address; QEMU's prefix and three random bytes unless given. */
  readonly newMac?: () => string;
}

function randomMac(): string {
  return ['52:54:00', ...randomBytes(3).toString('hex').match(/../g) ?? []].join(':');
}

/** Rounds of "a device implies a device" before that is our bug. */
const maximumRounds = 8;

/** Throws CONFIG_UNSUPPORTED or XML_ERROR with what is wrong with the definition. */
export function completeDefinition(written: DomainDefinition, options: CompleteOptions): DomainDefinition {
  const { capabilities } = options;
  const surround = (definition: DomainDefinition): DomainSurroundings => surroundings(definition, options);
  let definition = mirrorFirstSerial(completeDomain(written, options));
  definition = addImpliedDevices(definition, surround);
  for (const assign of [assignVirtioSerial, assignDrive, assignUsb, assignPci]) {
    definition = { ...definition, devices: assign(surround(definition)) };
  }
  // What an address decides, such as a root port's number, is filled in now.
  definition = mirrorFirstSerial({ ...definition, devices: applyDefaults(surround(definition)) });
  definition = { ...definition, devices: inDeviceOrder(sortControllers(definition.devices)) };
  validateDomain(surround(definition), capabilities);
  return definition;
}

function surroundings(definition: DomainDefinition, { capabilities, newMac = randomMac }: CompleteOptions): DomainSurroundings {
  const domain: DomainSurroundings = {
    definition,
    capabilities,
    machine: machineFamily(definition.os.type.machine ?? ''),
    needOf: (device) => moduleOf(device).address(device, domain),
    newMac,
  };
  return domain;
}

function applyDefaults(domain: DomainSurroundings): readonly DeviceDefinition[] {
  return domain.definition.devices.map((device) => moduleOf(device).defaults(device, domain));
}

function addImpliedDevices(start: DomainDefinition, surround: (definition: DomainDefinition) => DomainSurroundings): DomainDefinition {
  let definition = start;
  for (let round = 0; round < maximumRounds; round += 1) {
    definition = { ...definition, devices: applyDefaults(surround(definition)) };
    const before = definition.devices.length;
    for (const kind of deviceKinds) {
      const { domainDefaults } = moduleOf({ kind });
      if (domainDefaults === 'none') continue;
      definition = { ...definition, devices: [...definition.devices, ...domainDefaults(surround(definition))] };
    }
    if (definition.devices.length === before) return definition;
  }
  throw new VireoError('INTERNAL_ERROR', 'the devices of the domain imply one another without end');
}

function completeDomain(definition: DomainDefinition, { capabilities, newUuid }: CompleteOptions): DomainDefinition {
  const { arch, type } = definition.os.type;
  if (type !== 'hvm') throw new VireoError('CONFIG_UNSUPPORTED', `os type '${type}' is not supported by the QEMU driver; it runs hvm`);
  if (arch !== null && arch !== capabilities.arch) {
    throw new VireoError('CONFIG_UNSUPPORTED', `the emulator '${capabilities.binary}' does not run arch '${arch}', but ${capabilities.arch}`);
  }
  const machine = chooseMachine(definition, capabilities);
  const memoryKiB = roundMemory(definition.memoryKiB);
  const hasBootOrder = definition.devices.some((device) => bootOrderOf(device) !== null);
  const boot = definition.os.boot.length === 0 && !hasBootOrder ? [{ dev: 'hd' as const }] : definition.os.boot;
  return {
    ...definition,
    uuid: definition.uuid ?? newUuid(),
    memoryKiB,
    currentMemoryKiB: definition.currentMemoryKiB === null ? memoryKiB : Math.min(definition.currentMemoryKiB, memoryKiB),
    vcpu: { ...definition.vcpu, placement: definition.vcpu.placement ?? 'static' },
    os: { ...definition.os, boot, type: { arch: capabilities.arch, machine: machine.name, type } },
    cpu: definition.cpu ?? defaultCpu(capabilities),
    emulator: definition.emulator ?? capabilities.binary,
  };
}

function chooseMachine(definition: DomainDefinition, capabilities: QemuCapabilities): MachineType {
  const wanted = definition.os.type.machine;
  const machine = wanted === null ? capabilities.machines.find(({ isDefault }) => isDefault) : capabilities.machines.find(({ name, alias }) => name === wanted || alias === wanted);
  if (machine) return machine;
  throw new VireoError('CONFIG_UNSUPPORTED', `the emulator '${capabilities.binary}' does not support machine type '${wanted ?? '(default)'}'`);
}

/** What QEMU takes by itself, written down so that another version's other choice changes nothing. */
function defaultCpu(capabilities: QemuCapabilities): CpuDefinition | null {
  const name = 'qemu64';
  if (!capabilities.cpuModels.includes(name)) return null;
  return { mode: 'custom', match: 'exact', check: 'none', migratable: null, model: { fallback: 'forbid', name }, topology: null, features: [] };
}

/** libvirt keeps controllers of one type together, by index. */
function sortControllers(devices: readonly DeviceDefinition[]): readonly DeviceDefinition[] {
  const controllers = devicesOf(devices, 'controller');
  const types = [...new Set(controllers.map(({ type }) => type))];
  const sorted: readonly DeviceOf<'controller'>[] = types.flatMap((type) =>
    controllers.filter((controller) => controller.type === type).toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0)),
  );
  return [...devices.filter((device) => device.kind !== 'controller'), ...sorted];
}
