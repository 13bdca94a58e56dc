/**
 * What each device of a domain is really plugged into: a virtio device goes where its machine has virtio, or where its
 * address says. Refuses addresses of a type that the device or the machine does not have.
 */
import { VireoError } from '../base/errors.ts';
import type { AddressType } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { VirtioBus } from '../conf/machine-family.ts';
import type { AddressNeed, DomainSurroundings } from '../devices/device-module.ts';
import { moduleOf } from '../devices/registry.ts';
import { inAssignmentOrder } from './assignment-order.ts';

/** What a device needs once its bus is known; `pci` then means PCI. */
type BusNeed = AddressNeed | { readonly type: 'ccw' } | { readonly type: 'virtio-mmio' };

export interface PluggedDevice<N extends BusNeed = BusNeed> {
  readonly device: DeviceDefinition;
  readonly need: N;
  /** For messages. */
  readonly name: string;
}

/** Every device with what it needs, in the order of assignment. Throws XML_ERROR or CONFIG_UNSUPPORTED for an address of the wrong type. */
export function plugged(domain: DomainSurroundings): readonly PluggedDevice[] {
  const usual = usualVirtioBus(domain);
  const all = domain.definition.devices.map((device): PluggedDevice => {
    const name = moduleOf(device).label(device);
    return { device, need: busNeed(device, name, domain, usual), name };
  });
  return inAssignmentOrder(all);
}

/** Those of one type of bus. */
export function pluggedInto<const T extends BusNeed['type']>(type: T, domain: DomainSurroundings): readonly PluggedDevice<Extract<BusNeed, { readonly type: T }>>[] {
  return plugged(domain).filter((each): each is PluggedDevice<Extract<BusNeed, { readonly type: T }>> => each.need.type === type);
}

function busNeed(device: DeviceDefinition, name: string, domain: DomainSurroundings, usual: VirtioBus | null): BusNeed {
  const need = domain.needOf(device);
  const given = device.address?.type ?? null;
  if (need.type === 'none' || given === 'unassigned') return { type: 'none' };
  if (need.type !== 'pci') {
    if (given !== null && given !== need.type) wrongType(name, given, need.type);
    return need;
  }
  const { board } = domain;
  if (given !== null && given !== 'pci' && !(need.virtio && isVirtioBus(given))) wrongType(name, given, 'pci');
  const bus = need.virtio ? (given !== null && isVirtioBus(given) ? given : usual) : 'pci';
  if (bus === null || (bus === 'pci' ? board.pciRoot === null : !board.virtioBuses.includes(bus))) {
    const words = bus === null ? 'virtio devices' : bus === 'pci' ? 'PCI devices' : `devices with an address of type '${bus}'`;
    throw new VireoError('CONFIG_UNSUPPORTED', `${name}: the machine '${domain.definition.os.type.machine}' has no ${words}`);
  }
  return bus === 'pci' ? need : { type: bus };
}

function wrongType(name: string, given: AddressType, needed: string): never {
  throw new VireoError('XML_ERROR', `${name} cannot have an address of type '${given}'; it needs one of type '${needed}'`);
}

function isVirtioBus(type: AddressType): type is VirtioBus {
  return type === 'pci' || type === 'ccw' || type === 'virtio-mmio';
}

/** As libvirt: boards that have both get virtio-mmio only where one device has it already, or QEMU has no PCIe port. */
function usualVirtioBus({ board, definition, capabilities }: DomainSurroundings): VirtioBus | null {
  if (board.virtioBus !== 'pci' || !board.virtioBuses.includes('virtio-mmio')) return board.virtioBus;
  const hasPorts = capabilities.deviceTypes.has('pcie-root-port') || capabilities.deviceTypes.has('ioh3420');
  const prefersMmio = !hasPorts || definition.devices.some(({ address }) => address?.type === 'virtio-mmio');
  return prefersMmio ? 'virtio-mmio' : 'pci';
}
