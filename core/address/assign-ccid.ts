/** Slots of smart card readers (E4): QEMU's reader has a single one. */
import { VireoError } from '../base/errors.ts';
import type { AddressOf } from '../conf/device-address.ts';
import { type DeviceDefinition, devicesOf } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { createController } from '../devices/controller/create-controller.ts';
import { pluggedInto } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

export function assignCcid(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const cards = pluggedInto('ccid', domain);
  if (cards.length === 0) return devices;
  const readers = new Set(devicesOf(devices, 'controller').flatMap(({ type, index }) => (type === 'ccid' && index !== null ? [index] : [])));
  const known = new Set(readers);
  const used = new Map<number, string>();
  for (const { device, name } of cards) {
    const given = givenAddress(device);
    if (!given) continue;
    if ((given.slot ?? 0) !== 0) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: a ccid controller has the slot 0 only, not ${given.slot}`);
    const other = used.get(given.controller);
    if (other !== undefined) throw new VireoError('XML_ERROR', `slot 0 of ccid controller ${given.controller} is used by both ${other} and ${name}`);
    used.set(given.controller, name);
  }
  const addresses = new Map<DeviceDefinition, AddressOf<'ccid'>>();
  for (const { device, name } of cards) {
    const given = givenAddress(device);
    let controller = given?.controller ?? 0;
    if (!given) while (used.has(controller)) controller += 1;
    used.set(controller, name);
    readers.add(controller);
    if ((given?.slot ?? null) === null) addresses.set(device, { type: 'ccid', controller, slot: 0 });
  }
  const added = [...readers].filter((index) => !known.has(index)).map((index) => createController('ccid', index, null));
  return [...withAddresses(devices, addresses), ...added];
}

function givenAddress({ address }: DeviceDefinition): AddressOf<'ccid'> | null {
  return address?.type === 'ccid' ? address : null;
}
