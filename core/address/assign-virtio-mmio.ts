/** virtio-mmio (E4): a device names no place; QEMU takes the next free transport of the board, of which there are few. */
import { VireoError } from '../base/errors.ts';
import type { AddressOf } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

export function assignVirtioMmio(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const devices = pluggedInto('virtio-mmio', domain);
  const slots = slotsOf(domain);
  const tooMany = devices[slots];
  if (tooMany) throw new VireoError('CONFIG_UNSUPPORTED', `the machine has room for ${slots} virtio devices; there is none for ${tooMany.name}`);
  const addresses = new Map(devices.flatMap(({ device }) => (device.address === null ? [[device, { type: 'virtio-mmio' } satisfies AddressOf<'virtio-mmio'>] as const] : [])));
  return withAddresses(domain.definition.devices, addresses);
}

/** A microvm has its second interrupt controller, and with it most of its places, only together with ACPI (QEMU 7.2). */
function slotsOf({ board, definition }: DomainSurroundings): number {
  return board.name === 'microvm' && !definition.features.acpi ? 8 : board.virtioMmioSlots;
}
