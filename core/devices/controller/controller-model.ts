/** The models of controllers: QEMU's device for each, what a board brings along, and what is taken if none is named. */
import { type PciAddress, pciAddress } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import type { Board } from '../../conf/machine-family.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { virtioDriver, type VirtioModel } from '../virtio/virtio-device.ts';

type Controller = DeviceOf<'controller'>;

/** QEMU's device of each PCI model; the first is what libvirt takes. */
export const pciDevices: { readonly [model: string]: readonly string[] } = {
  'pci-bridge': ['pci-bridge'],
  'dmi-to-pci-bridge': ['i82801b11-bridge'],
  'pcie-to-pci-bridge': ['pcie-pci-bridge'],
  'pcie-root-port': ['pcie-root-port', 'ioh3420'],
  'pcie-switch-upstream-port': ['x3130-upstream'],
  'pcie-switch-downstream-port': ['xio3130-downstream'],
  'pci-expander-bus': ['pxb'],
  'pcie-expander-bus': ['pxb-pcie'],
};

const usbDevices: { readonly [model: string]: string } = {
  'piix3-uhci': 'piix3-usb-uhci', 'piix4-uhci': 'piix4-usb-uhci', ehci: 'usb-ehci', 'ich9-ehci1': 'ich9-usb-ehci1', 'ich9-uhci1': 'ich9-usb-uhci1',
  'ich9-uhci2': 'ich9-usb-uhci2', 'ich9-uhci3': 'ich9-usb-uhci3', 'vt82c686b-uhci': 'vt82c686b-usb-uhci', 'pci-ohci': 'pci-ohci',
  'nec-xhci': 'nec-usb-xhci', 'qemu-xhci': 'qemu-xhci',
};

const scsiDevices: { readonly [model: string]: string } = {
  lsilogic: 'lsi', lsisas1068: 'mptsas1068', lsisas1078: 'megasas', vmpvscsi: 'pvscsi', ibmvscsi: 'spapr-vscsi', am53c974: 'am53c974', dc390: 'dc390',
};

/** The types by which QEMU lists devices that have a second name on the command line. */
const listedAs: { readonly [driver: string]: string } = { lsi: 'lsi53c895a', ahci: 'ich9-ahci' };

export function isVirtioScsi(model: string | null): boolean {
  return model === 'virtio-scsi' || model === 'virtio-transitional' || model === 'virtio-non-transitional';
}

function virtioModelOf(model: string | null): VirtioModel {
  return model === 'virtio-transitional' || model === 'virtio-non-transitional' ? model : 'virtio';
}

/** What -device calls the controller; null for one that is on the board, is no device, or is not run by QEMU. */
export function driverOf(controller: Controller, board: Board): string | null {
  const { type, model, address } = controller;
  if (isBuiltIn(controller, board)) return null;
  switch (type) {
    case 'pci':
      return controller.modelName ?? pciDevices[model ?? '']?.[0] ?? null;
    case 'usb':
      return usbDevices[model ?? ''] ?? null;
    case 'scsi':
      return isVirtioScsi(model) ? virtioDriver('virtio-scsi', address, virtioModelOf(model)) : (scsiDevices[model ?? ''] ?? null);
    case 'virtio-serial':
      return virtioDriver('virtio-serial', address, virtioModelOf(model));
    case 'sata':
      return 'ahci';
    case 'ccid':
      return 'usb-ccid';
    // The floppy controller comes with its first drive: see disk.
    case 'fdc':
    case 'ide':
    case 'isa':
    case 'xenbus':
      return null;
  }
}

/** The type of QEMU that has to be there for the driver. */
export function deviceTypeOf(driver: string): string {
  return listedAs[driver] ?? driver;
}

/** The first of these models that QEMU has; where it has none, the first, so that the refusal names it. */
function firstAvailable(type: 'usb' | 'scsi', models: readonly string[], { capabilities, board }: DomainSurroundings): string | null {
  const has = (model: string): boolean => {
    const name = type === 'usb' ? usbDevices[model] : isVirtioScsi(model) ? `virtio-scsi-${board.virtioBus === 'ccw' ? 'ccw' : board.virtioBus === 'virtio-mmio' ? 'device' : 'pci'}` : scsiDevices[model];
    return name !== undefined && capabilities.deviceTypes.has(deviceTypeOf(name));
  };
  return models.find(has) ?? models[0] ?? null;
}

/** libvirt's choice where the definition names no model. */
export function defaultModel({ type, index, model }: Controller, domain: DomainSurroundings): string | null {
  const { board } = domain;
  switch (type) {
    case 'usb':
      return model ?? (board.usbModels.length === 0 ? 'none' : firstAvailable('usb', board.usbModels, domain));
    case 'scsi':
      return model !== null && model !== 'auto' ? model : firstAvailable('scsi', board.scsiModels, domain);
    case 'pci':
      if (model !== null) return model;
      if (index === 0) return board.pciRoot;
      if (board.severalPciRoots) return 'pci-root';
      return board.pciRoot === 'pcie-root' ? 'pcie-root-port' : 'pci-bridge';
    default:
      return model;
  }
}

/** The USB controller that a domain has without asking, null for none. */
export function impliedUsbModel(domain: DomainSurroundings): string | null {
  const { impliedUsb } = domain.board;
  const model = impliedUsb.length === 0 ? null : firstAvailable('usb', impliedUsb, domain);
  return model !== null && domain.capabilities.deviceTypes.has(usbDevices[model] ?? '') ? model : null;
}

/** Where the board has the controller, or null for one that is plugged in. */
export function soldered({ type, index, model }: Controller, board: Board): PciAddress | null {
  if (index !== 0) return null;
  if (type === 'sata' && board.name === 'q35') return pciAddress(0, 0x1f, 2);
  if (type === 'ide' && board.name === 'i440fx') return pciAddress(0, 1, 1);
  if (type === 'usb' && model === 'piix3-uhci' && board.name === 'i440fx') return pciAddress(0, 1, 2);
  return null;
}

/** Whether the machine makes the controller itself, so that -device would make a second one. */
export function isBuiltIn({ type, index, model, target }: Controller, board: Board): boolean {
  switch (type) {
    case 'pci':
      return model === 'pcie-root' || (model === 'pci-root' && (!board.severalPciRoots || index === 0 || target?.index === 0));
    case 'ide':
    case 'sata':
      return index === 0 && board.builtInDisks === type;
    case 'fdc':
      return index === 0 && board.floppy === 'built-in';
    case 'scsi':
      return model === 'ncr53c90';
    default:
      return false;
  }
}

/** How QEMU calls the bus of a controller that is on the board: the AHCI of q35 calls its bus `ide`. */
export function builtInName({ type }: Controller, board: Board): string {
  switch (type) {
    case 'pci':
      return board.pciRootAlias;
    case 'ide':
    case 'sata':
      return 'ide';
    case 'scsi':
      return 'scsi';
    default:
      return `${type}0`;
  }
}

/** The functions of Intel's ICH9 that make up one USB 2 controller: the EHCI and the UHCIs for slow devices beside it. */
export const ich9Functions: { readonly [model: string]: { readonly function: number; readonly startPort: number | null } } = {
  'ich9-ehci1': { function: 7, startPort: null },
  'ich9-uhci1': { function: 0, startPort: 0 },
  'ich9-uhci2': { function: 1, startPort: 2 },
  'ich9-uhci3': { function: 2, startPort: 4 },
};

/** How many places QEMU 7.2 gives a SCSI controller of the model, and whether the unit is the id on its bus instead of a LUN. */
export function scsiShape(model: string | null): { readonly targets: number; readonly units: number; readonly byUnit: boolean } {
  switch (model) {
    case 'lsilogic':
    case 'ncr53c90':
    case 'dc390':
    case 'am53c974':
      return { targets: 1, units: 8, byUnit: true };
    case 'ibmvscsi':
      return { targets: 64, units: 32, byUnit: false };
    case 'lsisas1068':
      return { targets: 9, units: 2, byUnit: false };
    case 'lsisas1078':
      return { targets: 65, units: 256, byUnit: false };
    case 'vmpvscsi':
      return { targets: 65, units: 1, byUnit: false };
    default:
      return { targets: 256, units: 16_384, byUnit: false };
  }
}
