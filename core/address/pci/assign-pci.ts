/**
 * Gives every device that needs one a PCI address (E1); those that stand in the definition stay bit for bit. As libvirt
 * does it in two passes: the first only finds out which buses are missing, the second places the buses and then the
 * devices. A bus thus has a lower place than what was the reason for it, and a completed definition needs neither.
 */
import { VireoError } from '../../base/errors.ts';
import { formatPciAddress, type PciAddress } from '../../conf/device-address.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { createController } from '../../devices/controller/create-controller.ts';
import { type DomainSurroundings, type PciNeed, pciNeed } from '../../devices/device-module.ts';
import { moduleOf } from '../../devices/registry.ts';
import { inAssignmentOrder } from '../assignment-order.ts';
import { pluggedInto, type PluggedDevice } from '../bus-of-device.ts';
import { withAddresses } from '../with-addresses.ts';
import { PciTopology } from './pci-topology.ts';

type PciDevice = PluggedDevice<PciNeed>;

/** Answers with all devices, addressed, and the bridges and ports that were added at the end. */
export function assignPci(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const pciDevices = pluggedInto('pci', domain);
  if (domain.board.pciRoot === null || !devicesOf(devices, 'controller').some(({ type }) => type === 'pci')) return refuseWithoutPci(devices, pciDevices);
  for (const { device, need, name } of pciDevices) refuseWrongPlace(givenAddress(device), name, need);
  const added = missingControllers(domain, pciDevices);
  const all = [...devices, ...added];
  const withAdded = inAssignmentOrder([...pciDevices, ...added.flatMap((device) => toPciDevice(device, domain))]);
  const topology = createTopology(domain, all, false);
  const addresses = assign(topology, withAdded);
  announceFurtherFunctions(topology, withAdded, addresses);
  return withAddresses(all, addresses);
}

function refuseWithoutPci(devices: readonly DeviceDefinition[], pciDevices: readonly PciDevice[]): readonly DeviceDefinition[] {
  const [first] = pciDevices;
  if (!first) return devices;
  throw new VireoError('CONFIG_UNSUPPORTED', `${first.name} needs PCI, and the machine has no PCI bus`);
}

function createTopology({ board, capabilities }: DomainSurroundings, devices: readonly DeviceDefinition[], grows: boolean): PciTopology {
  const buses = devicesOf(devices, 'controller').filter(({ type }) => type === 'pci');
  return new PciTopology({ board, buses, grows, hasPcieToPciBridge: capabilities.deviceTypes.has('pcie-pci-bridge') });
}

/** A new controller needs a place like any other device; but a further host bridge stands by itself. */
function toPciDevice(device: DeviceDefinition, domain: DomainSurroundings): readonly PciDevice[] {
  const need = domain.needOf(device);
  return need.type === 'pci' ? [{ device, need, name: moduleOf(device).label(device) }] : [];
}

/** The first pass. */
function missingControllers(domain: DomainSurroundings, pciDevices: readonly PciDevice[]): readonly DeviceOf<'controller'>[] {
  const controllers = devicesOf(domain.definition.devices, 'controller').filter(({ type }) => type === 'pci');
  const topology = createTopology(domain, domain.definition.devices, true);
  assign(topology, pciDevices, () => {
    // One place is kept for the bridge that the device after the last one will need.
    if (!topology.isExpress && topology.hasFreeSlot) topology.allocate('a bridge to come', pciNeed(0, 'conventional'));
  });
  // Whoever left PCI to the driver gets one free port, so that a device can be plugged in while the guest runs.
  if (topology.isExpress && topology.hasGrown && controllers.every(({ index }) => index === 0)) topology.allocate('a device to come', pciNeed(0, 'express'));
  const known = new Set(controllers.flatMap(({ index }) => (index === null ? [] : [index])));
  placeAddedBuses(topology, known);
  return topology.missingBuses(known).map(({ index, model }) => createController('pci', index, model));
}

/** A bus that was added takes a place as well, which may in turn need a bus. */
function placeAddedBuses(topology: PciTopology, known: ReadonlySet<number>): void {
  for (let at = 0; ; at += 1) {
    const bus = topology.missingBuses(known)[at];
    if (!bus) return;
    if (bus.model !== 'pci-root' && bus.model !== 'pcie-root') topology.allocate(`${bus.model} ${bus.index}`, pciNeed(0, 'conventional', { bridge: bus.model }));
  }
}

function assign(topology: PciTopology, pciDevices: readonly PciDevice[], beforeOthers: () => void = () => {}): Map<DeviceDefinition, PciAddress> {
  const addresses = new Map<DeviceDefinition, PciAddress>();
  const chips = new Map<string, PciAddress>();
  const take = ({ device, need }: PciDevice, address: PciAddress): void => {
    if (need.companion && !chips.has(need.companion.chip)) chips.set(need.companion.chip, address);
    addresses.set(device, withWishes(address, device));
  };
  for (const each of pciDevices) {
    const given = givenAddress(each.device);
    if (!given) continue;
    topology.reserve(given, each.name, each.need);
    if (each.need.companion && !chips.has(each.need.companion.chip)) chips.set(each.need.companion.chip, given);
  }
  const open = pciDevices.filter(({ device }) => !givenAddress(device));
  for (const each of open) {
    const { name, need } = each;
    const own = need.fixed ?? preferredPlace(topology, need, chips);
    if (!own) continue;
    topology.reserve(own, name, need);
    take(each, own);
  }
  beforeOthers();
  for (const each of open.filter(({ device }) => !addresses.has(device)).toSorted((a, b) => a.need.rank - b.need.rank || bridgeIndex(a) - bridgeIndex(b))) take(each, placeOf(topology, each, chips));
  return addresses;
}

/** Bridges are placed by their numbers, those that were added among those that were there. */
function bridgeIndex({ device, need }: PciDevice): number {
  return need.bridge !== null && device.kind === 'controller' ? (device.index ?? 0) : 0;
}

function placeOf(topology: PciTopology, { name, need }: PciDevice, chips: ReadonlyMap<string, PciAddress>): PciAddress {
  if (!need.companion) return topology.allocate(name, need);
  const beside = chips.get(need.companion.chip);
  if (!beside) return companionAddress(topology.allocate(name, need, need.companion.function), need);
  const address = companionAddress(beside, need);
  topology.reserve(address, name, need);
  return address;
}

function companionAddress(beside: PciAddress, { companion }: PciNeed): PciAddress {
  const functionNumber = companion?.function ?? 0;
  return { ...beside, function: functionNumber, multifunction: functionNumber === 0 ? true : null };
}

function preferredPlace(topology: PciTopology, need: PciNeed, chips: ReadonlyMap<string, PciAddress>): PciAddress | null {
  if (need.preferred === null || (need.companion && chips.has(need.companion.chip))) return null;
  const places: readonly PciAddress[] = 'type' in need.preferred ? [need.preferred] : need.preferred;
  return places.find((place) => topology.isSlotFree(place)) ?? null;
}

/** QEMU refuses a further function of a slot whose function 0 does not announce it. */
function announceFurtherFunctions(topology: PciTopology, pciDevices: readonly PciDevice[], addresses: Map<DeviceDefinition, PciAddress>): void {
  for (const { device, name } of pciDevices) {
    const address = addresses.get(device) ?? givenAddress(device);
    if (!address || address.function !== 0 || address.multifunction === true || !topology.hasFurtherFunctions(address)) continue;
    if (address.multifunction === false) {
      throw new VireoError('XML_ERROR', `${topology.furtherFunction(address)} is on a further function of PCI slot ${formatPciAddress(address)}, whose function 0 (${name}) says multifunction='off'`);
    }
    addresses.set(device, { ...address, multifunction: true });
  }
}

/** An address that is only asked for may say more than its type already. */
function withWishes(address: PciAddress, { address: asked }: DeviceDefinition): PciAddress {
  return asked?.type === 'pci' ? { ...address, multifunction: asked.multifunction ?? address.multifunction, zpci: asked.zpci } : address;
}

/** `<address type='pci'/>` asks for an address and is none yet; libvirt reads all zeroes the same way. */
function givenAddress({ address }: DeviceDefinition): PciAddress | null {
  if (address?.type !== 'pci') return null;
  return address.domain === 0 && address.bus === 0 && address.slot === 0 && address.function === 0 ? null : address;
}

function refuseWrongPlace(given: PciAddress | null, name: string, need: PciNeed): void {
  if (!given || !need.fixed || formatPciAddress(given) === formatPciAddress(need.fixed)) return;
  throw new VireoError('CONFIG_UNSUPPORTED', `${name} is part of the board and has the PCI address ${formatPciAddress(need.fixed)}, not ${formatPciAddress(given)}`);
}
