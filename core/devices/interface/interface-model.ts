/** What the guest sees of a network card: its model, and which devices of QEMU stand for it. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { virtioDriver, type VirtioModel } from '../virtio/virtio-device.ts';
import type { DomainSurroundings } from '../device-module.ts';
import type { Interface } from './interface-definition.ts';

/** Models whose spelling libvirt corrects. Others are QEMU's own names of devices. */
const knownModels = ['virtio', 'virtio-transitional', 'virtio-non-transitional', 'rtl8139', 'e1000', 'e1000e', 'igb', 'vmxnet3', 'usb-net', 'spapr-vlan', 'lan9118', 'smc91c111', 'ne2k_pci', 'pcnet'];

/** Soldered to Arm boards: QEMU takes them by `-net nic` only. */
const onBoardModels: readonly string[] = ['lan9118', 'smc91c111'];

export function spellModel(model: string): string {
  return knownModels.find((known) => known === model.toLowerCase()) ?? model;
}

/** Null for a card of the host, which brings its own. */
export function modelOf(card: Interface): string | null {
  return card.model?.type ?? null;
}

export function isVirtio(card: Interface): boolean {
  return /^virtio(-transitional|-non-transitional)?$/.test(modelOf(card) ?? '');
}

export function isOnBoard(card: Interface): boolean {
  return onBoardModels.includes(modelOf(card) ?? '');
}

/** The -device type. */
export function nicDriver(card: Interface): string {
  const model = modelOf(card) ?? 'virtio';
  return isVirtio(card) ? virtioDriver('virtio-net', card.address, model as VirtioModel) : model;
}

/** As libvirt: what needs no driver from outside on a PC, virtio on boards that are younger than it. */
export function defaultModel(card: Interface, { board, capabilities }: DomainSurroundings): string {
  if (card.backend.type === 'vdpa' || card.backend.type === 'vhostuser') return 'virtio';
  const { networkModels } = board;
  return networkModels.find((model) => onBoardModels.includes(model) || capabilities.deviceTypes.has(model)) ?? networkModels.at(-1) ?? 'virtio';
}

/** Whether this QEMU can make the card at all; boards' own cards are not among its device types everywhere. */
export function isModelThere(card: Interface, { deviceTypes }: QemuCapabilities): boolean {
  if (isOnBoard(card)) return true;
  if (!isVirtio(card)) return deviceTypes.has(modelOf(card) ?? '');
  // Before its address is known, any bus will do.
  return card.address ? deviceTypes.has(nicDriver(card)) : ['pci', 'ccw', 'device'].some((bus) => deviceTypes.has(`virtio-net-${bus}`));
}
