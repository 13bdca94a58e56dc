/**
 * From what somebody wrote to what the driver will run (D3, D4, E): defaults, implied devices, addresses, then checks.
 * The result is what gets stored and shown, so that nothing is decided behind the user's back at start; completing a
 * completed definition changes nothing.
 */
import { randomBytes } from 'node:crypto';
import { VireoError } from '../base/errors.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { boardOf } from '../conf/machine-family.ts';
import { mirrorFirstSerial } from '../devices/console/mirror-console.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { sortDisks } from '../devices/disk/sort-disks.ts';
import { deviceKinds, inDeviceOrder, moduleOf } from '../devices/registry.ts';
import { primaryVideoFirst } from '../devices/video/video-definition.ts';
import type { InstalledFirmware } from '../firmware/choose-firmware.ts';
import { sortControllers } from './assignment-order.ts';
import { assignCcid } from './assign-ccid.ts';
import { assignCcw } from './assign-ccw.ts';
import { assignDimm } from './assign-dimm.ts';
import { assignDrive } from './assign-drive.ts';
import { assignIsa } from './assign-isa.ts';
import { assignSpaprVio } from './assign-spapr-vio.ts';
import { assignUsb } from './assign-usb.ts';
import { assignVirtioMmio } from './assign-virtio-mmio.ts';
import { assignVirtioSerial } from './assign-virtio-serial.ts';
import { completeDomain } from './complete-domain.ts';
import { believedCapabilities } from '../command/believed-capabilities.ts';
import { assignPci } from './pci/assign-pci.ts';
import { assignZpci } from './pci/assign-zpci.ts';
import { validateDomain } from './validate-domain.ts';

export interface CompleteOptions {
  readonly capabilities: QemuCapabilities;
  readonly newUuid: () => string;
  /** A fresh MAC address; QEMU's prefix and three random bytes unless given. */
  readonly newMac?: () => string;
  /** What `<os firmware='efi'>` chooses from. */
  readonly firmware?: InstalledFirmware;
}

function randomMac(): string {
  return ['52:54:00', ...randomBytes(3).toString('hex').match(/../g) ?? []].join(':');
}

/** Rounds of "a device implies a device" before that is our bug. */
const maximumRounds = 8;

/** Devices that have places for others come after those, which may make them necessary. */
const assignments = [assignVirtioSerial, assignDrive, assignCcid, assignSpaprVio, assignCcw, assignVirtioMmio, assignPci, assignZpci, assignUsb, assignIsa, assignDimm];

/** Throws CONFIG_UNSUPPORTED or XML_ERROR with what is wrong with the definition. */
export function completeDefinition(written: DomainDefinition, given: CompleteOptions): DomainDefinition {
  const capabilities = believedCapabilities(given.capabilities, written);
  const options = { ...given, capabilities };
  const surround = (definition: DomainDefinition): DomainSurroundings => surroundings(definition, options);
  let definition = mirrorFirstSerial(completeDomain(written, options));
  definition = { ...definition, devices: primaryVideoFirst(sortDisks(definition.devices)) };
  definition = addImpliedDevices(definition, surround);
  definition = { ...definition, devices: sortControllers(definition.devices) };
  for (const assign of assignments) {
    const devices = assign(surround(definition));
    const hasNew = devices.length > definition.devices.length;
    definition = { ...definition, devices };
    // A controller that was added has to know its model before it gets a place itself.
    if (hasNew) definition = { ...definition, devices: applyDefaults(surround(definition)) };
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
    board: boardOf(definition.os.type),
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
