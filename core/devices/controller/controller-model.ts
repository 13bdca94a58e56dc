/** The models of controllers: QEMU's device for each, what a board brings along, and what is taken if none is named. */
import { type PciAddress, pciAddress } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import type { MachineFamily } from '../../conf/machine-family.ts';
import type { DomainSurroundings } from '../device-module.ts';
import type { ControllerType } from './controller.ts';

/** `type/model` to -device driver; nothing after the slash where libvirt names no model. Models that are missing here are on the board or not run by this driver. */
export const modelDrivers: ReadonlyMap<string, string> = new Map([
  ['pci/pcie-root-port', 'pcie-root-port'],
  ['pci/pcie-to-pci-bridge', 'pcie-pci-bridge'],
  ['pci/pci-bridge', 'pci-bridge'],
  ['usb/qemu-xhci', 'qemu-xhci'],
  ['usb/nec-xhci', 'nec-usb-xhci'],
  ['usb/piix3-uhci', 'piix3-usb-uhci'],
  ['usb/piix4-uhci', 'piix4-usb-uhci'],
  ['usb/pci-ohci', 'pci-ohci'],
  ['usb/ehci', 'usb-ehci'],
  ['sata/', 'ahci'],
  ['scsi/virtio-scsi', 'virtio-scsi-pci'],
  ['virtio-serial/', 'virtio-serial-pci'],
  ['virtio-serial/virtio', 'virtio-serial-pci'],
]);

/** Models that are there without being asked for. */
const boardModels = new Set(['pci/pcie-root', 'pci/pci-root', 'usb/none', 'ide/', 'ide/piix3']);

export function isKnownModel(type: ControllerType, model: string): boolean {
  return modelDrivers.has(`${type}/${model}`) || boardModels.has(`${type}/${model}`);
}

/** libvirt's choice where the definition names no model. */
export function defaultModel(type: ControllerType, index: number | null, domain: DomainSurroundings): string | null {
  switch (type) {
    case 'usb':
      if (domain.machine !== 'q35') return 'piix3-uhci';
      return ['qemu-xhci', 'nec-xhci'].find((model) => domain.capabilities.deviceTypes.has(modelDrivers.get(`usb/${model}`) ?? '')) ?? 'none';
    case 'scsi':
      return 'virtio-scsi';
    case 'pci':
      if (domain.machine === 'q35') return index === 0 ? 'pcie-root' : 'pcie-root-port';
      return index === 0 ? 'pci-root' : 'pci-bridge';
    default:
      return null;
  }
}

/** Where the board has the controller, or null for one that is plugged in. */
export function soldered(controller: DeviceOf<'controller'>, machine: MachineFamily): PciAddress | null {
  if (controller.index !== 0) return null;
  if (controller.type === 'sata' && machine === 'q35') return pciAddress(0, 0x1f, 2);
  if (controller.type === 'ide' && machine === 'i440fx') return pciAddress(0, 1, 1);
  if (controller.type === 'usb' && controller.model === 'piix3-uhci' && machine === 'i440fx') return pciAddress(0, 1, 2);
  return null;
}

/** Whether the machine makes the controller itself, so that -device would make a second one. */
export function isBuiltIn(controller: DeviceOf<'controller'>): boolean {
  const { type, index, address } = controller;
  if (type === 'pci') return index === 0;
  if (type === 'ide' || type === 'fdc') return true;
  return type === 'sata' && index === 0 && address?.type === 'pci' && address.bus === 0 && address.slot === 0x1f && address.function === 2;
}

export function createController(type: ControllerType, index: number, model: string | null): DeviceOf<'controller'> {
  return { kind: 'controller', type, index, model, ports: null, vectors: null, modelName: null, target: null, driver: null, alias: null, address: null };
}
