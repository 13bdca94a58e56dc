/** Gives every device that needs one a PCI address (E1); those that stand in the definition stay bit for bit. */
import { VireoError } from '../base/errors.ts';
import { formatPciAddress, type PciAddress } from '../conf/device-address.ts';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { DomainSurroundings, PciNeed } from '../devices/device-module.ts';
import { moduleOf } from '../devices/registry.ts';
import { PciTopology } from './pci-topology.ts';

interface PciDevice {
  readonly device: DeviceDefinition;
  readonly need: PciNeed;
  readonly name: string;
  readonly given: PciAddress | null;
}

/** Answers with all devices, addressed, and the bridges and ports that were added at the end. */
export function assignPci(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const pciDevices = devices.flatMap((device): readonly PciDevice[] => {
    const need = domain.needOf(device);
    if (need.type !== 'pci') return [];
    return [{ device, need, name: moduleOf(device).label(device), given: givenAddress(device) }];
  });
  if (domain.machine === 'other') {
    if (pciDevices.length === 0) return devices;
    throw new VireoError('CONFIG_UNSUPPORTED', `PCI devices on the machine '${domain.definition.os.type.machine}' are not supported`);
  }
  const topology = new PciTopology(domain.machine, devicesOf(devices, 'controller'));
  const given = pciDevices.flatMap((device) => (device.given ? [{ ...device, address: device.given }] : []));
  for (const { address, name, need } of given) refuseWrongPlace(address, name, need);
  topology.reserveAll(given);
  const addresses = new Map<DeviceDefinition, PciAddress>();
  for (const { device, need, name } of inOrderOfAssignment(pciDevices.filter((device) => !device.given))) {
    addresses.set(device, place(topology, name, need));
  }
  const hidden = topology.findHiddenFunction();
  if (hidden) throw new VireoError('XML_ERROR', `${hidden.name} is on a further function of a slot whose function 0 (${hidden.hides}) lacks multifunction='on'`);
  const addressed = devices.map((device) => ({ ...device, address: addresses.get(device) ?? device.address }) as DeviceDefinition);
  return [...addressed, ...topology.added];
}

/** What the board and the primary card take comes first, then libvirt's order of kinds. */
function inOrderOfAssignment(devices: readonly PciDevice[]): readonly PciDevice[] {
  const order = ({ need }: PciDevice): number => (need.fixed ? -2 : need.preferred ? -1 : need.rank);
  return devices.toSorted((a, b) => order(a) - order(b));
}

function place(topology: PciTopology, name: string, need: PciNeed): PciAddress {
  const own = need.fixed ?? (need.preferred && topology.isFree(need.preferred) ? need.preferred : null);
  if (!own) return topology.allocate(name, need);
  topology.reserve(own, name, need);
  return own;
}

/** `<address type='pci'/>` asks for an address and is none yet; libvirt reads all zeroes the same way. */
function givenAddress({ address }: DeviceDefinition): PciAddress | null {
  if (address?.type !== 'pci') return null;
  return address.domain === 0 && address.bus === 0 && address.slot === 0 && address.function === 0 ? null : address;
}

function refuseWrongPlace(given: PciAddress, name: string, need: PciNeed): void {
  if (!need.fixed || formatPciAddress(given) === formatPciAddress(need.fixed)) return;
  throw new VireoError('CONFIG_UNSUPPORTED', `${name} is part of the board and has the PCI address ${formatPciAddress(need.fixed)}, not ${formatPciAddress(given)}`);
}
