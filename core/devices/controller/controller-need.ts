/** What each controller is itself plugged into. */
import { type PciAddress, pciAddress } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { type AddressNeed, type DomainSurroundings, type PciBridgeModel, pciNeed, pciRank, virtioNeed } from '../device-module.ts';
import { ich9Functions, isBuiltIn, soldered } from './controller-model.ts';

type Controller = DeviceOf<'controller'>;

/** Where libvirt begins to look for a free register of a virtual SCSI adapter; QEMU's own default. */
const virtualScsiRegister = 0x2000n;

export function controllerNeed(controller: Controller, domain: DomainSurroundings): AddressNeed {
  const { type, model } = controller;
  const fixed = soldered(controller, domain.board);
  const conventional = (): AddressNeed => pciNeed(pciRank.controller, 'conventional', { fixed });
  switch (type) {
    case 'pci':
      return bridgeNeed(model, domain);
    case 'sata':
      return conventional();
    case 'ide':
      return isBuiltIn(controller, domain.board) && !fixed ? { type: 'none' } : conventional();
    case 'usb':
      return usbNeed(controller, fixed, domain);
    case 'scsi':
      return scsiNeed(controller);
    case 'virtio-serial':
      return virtioNeed(pciRank.controller, model === 'virtio-transitional' ? { connect: 'conventional' } : {});
    case 'ccid':
      return { type: 'usb' };
    case 'fdc':
    case 'isa':
    case 'xenbus':
      return { type: 'none' };
  }
}

function bridgeNeed(model: string | null, { board }: DomainSurroundings): AddressNeed {
  if (model === null || model === 'pci-root' || model === 'pcie-root') return { type: 'none' };
  // Where the bridge is on a real Q35, taken if it is free.
  const preferred = model === 'dmi-to-pci-bridge' && board.name === 'q35' ? pciAddress(0, 0x1e) : null;
  return pciNeed(0, 'conventional', { bridge: model as PciBridgeModel, preferred });
}

function usbNeed({ model, index }: Controller, fixed: PciAddress | null, { board }: DomainSurroundings): AddressNeed {
  if (model === null || model === 'none' || model === 'qusb1' || model === 'qusb2') return { type: 'none' };
  // A board of which is not known here what it has: QEMU finds the place.
  if (board.pciRoot === null && (board.name === 'arm-other' || board.name === 'other')) return { type: 'none' };
  const chip = ich9Functions[model];
  if (!chip) return pciNeed(pciRank.controller, model.endsWith('xhci') ? 'express' : 'conventional', { fixed });
  const companion = { chip: `usb ${index}`, function: chip.function };
  // The slots of the first and the second EHCI of a real ICH9.
  const preferred = board.name === 'q35' && chip.function === 0 ? [0x1d, 0x1a].map((slot) => pciAddress(0, slot, 0, true)) : null;
  return pciNeed(pciRank.controller, 'conventional', { companion, preferred });
}

function scsiNeed({ model }: Controller): AddressNeed {
  switch (model) {
    case 'ibmvscsi':
      return { type: 'spapr-vio', defaultReg: virtualScsiRegister };
    case 'ncr53c90':
      return { type: 'none' };
    case 'virtio-scsi':
    case 'virtio-non-transitional':
      return virtioNeed(pciRank.controller);
    case 'virtio-transitional':
      return virtioNeed(pciRank.controller, { connect: 'conventional' });
    default:
      return pciNeed(pciRank.controller, 'conventional');
  }
}
