/** An address as -device properties: the bus by QEMU's name and the place on it. */
import { invariant } from '../base/errors.ts';
import type { Address } from '../conf/device-address.ts';
import type { JsonObject } from './command-fragment.ts';
import { controllerAlias } from './controller/controller-alias.ts';
import type { DeviceLaunch } from './launch-context.ts';

/** Empty for a device that has no address. Disks on ide add `unit` themselves: see disk. */
export function addressProperties(address: Address | null, launch: DeviceLaunch): JsonObject {
  if (!address) return {};
  switch (address.type) {
    case 'pci': {
      const slot = `0x${address.slot.toString(16)}`;
      return {
        bus: controllerAlias(launch.definition, 'pci', address.bus),
        ...(address.multifunction ? { multifunction: true } : {}),
        addr: address.function === 0 ? slot : `${slot}.0x${address.function.toString(16)}`,
      };
    }
    case 'virtio-serial': {
      const bus = `${controllerAlias(launch.definition, 'virtio-serial', address.controller)}.${address.bus}`;
      // Port 0 is the console's; QEMU gives it to the first console by itself.
      return address.port === null || address.port === 0 ? { bus } : { bus, nr: address.port };
    }
    case 'usb':
      return { bus: `${controllerAlias(launch.definition, 'usb', address.bus)}.0`, ...(address.port === null ? {} : { port: address.port }) };
    case 'isa':
      return { ...(address.iobase === null ? {} : { iobase: address.iobase }), ...(address.irq === null ? {} : { irq: address.irq }) };
    case 'ccw':
      return { devno: `${address.cssid.toString(16)}.${address.ssid}.${address.devno.toString(16).padStart(4, '0')}` };
    case 'ccid':
      return { bus: `${controllerAlias(launch.definition, 'ccid', address.controller)}.0`, ...(address.slot === null ? {} : { slot: address.slot }) };
    case 'spapr-vio':
      return address.reg === null ? {} : { reg: Number(address.reg) };
    case 'drive':
    case 'dimm':
    case 'virtio-mmio':
    case 'unassigned':
      return {};
  }
}

/** The id of a device that runs. */
export function aliasOf(device: { readonly kind: string; readonly alias: string | null }): string {
  invariant(device.alias !== null, `the ${device.kind} has an alias before it is rendered`);
  return device.alias;
}
