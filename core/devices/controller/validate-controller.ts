/** Refuses controllers that QEMU would refuse, or that this driver cannot run. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { isBuiltIn, isKnownModel, modelDrivers } from './controller-model.ts';

/** QEMU numbers the ports of one virtio-serial device from 0 to 30. */
export const maximumVirtioSerialPorts = 31;

export function validateController(controller: DeviceOf<'controller'>, domain: DomainSurroundings): void {
  const { type, index, model, ports } = controller;
  const name = `${type} controller ${index}`;
  const same = devicesOf(domain.definition.devices, 'controller').filter((other) => other.type === type && other.index === index);
  if (same.length > 1) throw new VireoError('XML_ERROR', `Multiple '${type}' controllers with index '${index}'`);
  if (!isKnownModel(type, model ?? '')) throw new VireoError('CONFIG_UNSUPPORTED', `model '${model ?? ''}' of ${name} is not supported`);
  const driver = modelDrivers.get(`${type}/${model ?? ''}`);
  if (driver !== undefined && !isBuiltIn(controller) && !domain.capabilities.deviceTypes.has(driver)) {
    throw new VireoError('CONFIG_UNSUPPORTED', `this QEMU has no ${driver} for ${name}`);
  }
  if (type === 'virtio-serial' && ports !== null && (ports < 1 || ports > maximumVirtioSerialPorts)) {
    throw new VireoError('CONFIG_UNSUPPORTED', `${name} has ${ports} ports; QEMU allows 1 to ${maximumVirtioSerialPorts}`);
  }
  if (type === 'usb' && ports !== null && (ports < 1 || ports > 15)) throw new VireoError('CONFIG_UNSUPPORTED', `${name} has ${ports} ports; QEMU allows 1 to 15`);
  if (type === 'ide' && (domain.machine !== 'i440fx' || index !== 0)) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: only the pc machine has an IDE controller, and only one`);
  if (type === 'pci') validatePci(controller, domain);
}

function validatePci({ index, model, address }: DeviceOf<'controller'>, domain: DomainSurroundings): void {
  const isRoot = model === 'pcie-root' || model === 'pci-root';
  if (isRoot !== (index === 0)) throw new VireoError('XML_ERROR', `index of pci controller '${model}' is ${index}; the root has index 0 and only the root`);
  if (model === 'pcie-root' && domain.machine === 'i440fx') throw new VireoError('CONFIG_UNSUPPORTED', 'the pc machine has a pci-root, not a pcie-root');
  if (model === 'pci-root' && domain.machine === 'q35') throw new VireoError('CONFIG_UNSUPPORTED', 'the q35 machine has a pcie-root, not a pci-root');
  if (model?.startsWith('pcie-') && !isRoot && domain.machine !== 'q35') throw new VireoError('CONFIG_UNSUPPORTED', `a ${model} needs a machine with PCI Express, such as q35`);
  if (address?.type === 'pci' && index !== null && address.bus >= index) {
    throw new VireoError('XML_ERROR', `pci controller ${index} is plugged into bus ${address.bus}; a bus must have a lower index than what is plugged into it`);
  }
}
