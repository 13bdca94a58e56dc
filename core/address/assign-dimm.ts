/** Slots of memory modules (E4); where in the guest's memory a module begins is QEMU's to choose unless somebody said it. */
import { VireoError } from '../base/errors.ts';
import type { AddressOf } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

export function assignDimm(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const modules = pluggedInto('dimm', domain);
  const used = new Map<number, string>();
  const bases = new Map<bigint, string>();
  for (const { device, name } of modules) {
    const { slot, base } = givenAddress(device);
    if (slot !== null) claim(used, slot, name, `memory slot '${slot}'`);
    if (base !== null && base !== 0n) claim(bases, base, name, `memory base '0x${base.toString(16)}'`);
  }
  const addresses = new Map<DeviceDefinition, AddressOf<'dimm'>>();
  let free = 0;
  for (const { device, name } of modules) {
    const { slot, base } = givenAddress(device);
    if (slot !== null) continue;
    while (used.has(free)) free += 1;
    used.set(free, name);
    addresses.set(device, { type: 'dimm', slot: free, base });
  }
  return withAddresses(domain.definition.devices, addresses);
}

function claim<T>(used: Map<T, string>, place: T, name: string, where: string): void {
  const other = used.get(place);
  if (other !== undefined) throw new VireoError('XML_ERROR', `${where} is used by both ${other} and ${name}`);
  used.set(place, name);
}

function givenAddress({ address }: DeviceDefinition): { readonly slot: number | null; readonly base: bigint | null } {
  return address?.type === 'dimm' ? address : { slot: null, base: null };
}
