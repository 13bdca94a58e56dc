/** User and function identifiers of PCI devices on s390x, whose guests know PCI functions by nothing else. */
import { VireoError } from '../../base/errors.ts';
import type { PciAddress } from '../../conf/device-address.ts';
import type { DeviceDefinition } from '../../conf/device-definition.ts';
import type { DomainSurroundings } from '../../devices/device-module.ts';
import { pluggedInto } from '../bus-of-device.ts';
import { withAddresses } from '../with-addresses.ts';

const firstUid = 1;
const maximumUid = 0xffff;

export function assignZpci(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { board, definition, capabilities } = domain;
  const placed = pluggedInto('pci', domain).flatMap(({ device, name }) => (device.address?.type === 'pci' ? [{ device, name, address: device.address }] : []));
  if (board.name !== 's390-ccw' || !capabilities.deviceTypes.has('zpci')) {
    const wrong = placed.find(({ address }) => address.zpci !== null);
    if (wrong) throw new VireoError('CONFIG_UNSUPPORTED', `${wrong.name} has a zpci address, and this machine or its QEMU has no zpci`);
    return definition.devices;
  }
  const uids = new Map<number, string>();
  const fids = new Map<number, string>();
  for (const { name, address } of placed) {
    const { uid = null, fid = null } = address.zpci ?? {};
    if (uid !== null) claim(uids, uid, name, 'uid');
    if (fid !== null) claim(fids, fid, name, 'fid');
  }
  const addresses = new Map<DeviceDefinition, PciAddress>();
  // As libvirt: who said one of the two gets the other before those who said nothing.
  for (const { device, name, address } of placed.toSorted((a, b) => Number(a.address.zpci === null) - Number(b.address.zpci === null))) {
    const { uid = null, fid = null } = address.zpci ?? {};
    if (uid !== null && fid !== null) continue;
    addresses.set(device, { ...address, zpci: { uid: uid ?? claimFree(uids, firstUid, name), fid: fid ?? claimFree(fids, 0, name) } });
  }
  return withAddresses(definition.devices, addresses);
}

function claim(used: Map<number, string>, id: number, name: string, what: string): void {
  if (what === 'uid' && (id < firstUid || id > maximumUid)) throw new VireoError('XML_ERROR', `${name}: zpci uid 0x${id.toString(16)} is not between 0x1 and 0xffff`);
  const other = used.get(id);
  if (other !== undefined) throw new VireoError('XML_ERROR', `zpci ${what} 0x${id.toString(16)} is used by both ${other} and ${name}`);
  used.set(id, name);
}

function claimFree(used: Map<number, string>, first: number, name: string): number {
  let id = first;
  while (used.has(id)) id += 1;
  used.set(id, name);
  return id;
}
