/**
 * Which disk of the definition a disk of the guest is. The guest knows where its disk is plugged in: a PCI function that
 * is the disk itself or its controller, or an s390x device number. It may be mistaken, or lie; then no disk matches, or
 * another one of the same domain does.
 */
import type { GuestDiskAddress } from '../agent/commands.ts';
import type { Address } from '../conf/device-address.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

/** The target (`vda`) of the disk at this address, null where the definition has none there. */
export function diskTarget(definition: DomainDefinition, place: GuestDiskAddress): string | null {
  const disks = devicesOf(definition.devices, 'disk');
  const found = disks.find(({ address }) => address !== null && isAt(address, place)) ?? disks.find(({ address, target }) => address?.type === 'drive' && isDriveAt(definition, address, target.bus, place));
  return found?.target.dev ?? null;
}

/** Linux calls the channel subsystem 0xfe, where QEMU puts its devices, 0. */
const virtualSubsystem = 0xfe;

function isAt(address: Address, { 'pci-controller': pci, 'ccw-address': ccw }: GuestDiskAddress): boolean {
  if (address.type === 'ccw') return ccw !== undefined && address.devno === ccw.devno && address.ssid === ccw.ssid && address.cssid === (ccw.cssid === 0 ? virtualSubsystem : ccw.cssid);
  if (address.type !== 'pci') return false;
  return address.domain === pci.domain && address.bus === pci.bus && address.slot === pci.slot && address.function === pci.function;
}

function isDriveAt(definition: DomainDefinition, drive: Extract<Address, { type: 'drive' }>, bus: string | null, place: GuestDiskAddress): boolean {
  if (drive.bus !== place.bus || drive.target !== place.target || drive.unit !== place.unit) return false;
  return devicesOf(definition.devices, 'controller').some(({ type, index, address }) => type === bus && index === drive.controller && address !== null && isAt(address, place));
}
