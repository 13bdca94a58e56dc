/** The firmware's boot order: a device's own number, or the place of its class in `<os>`. */
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { bootOrderOf, moduleOf } from '../devices/registry.ts';

/** Only the first device of a class is booted from, as libvirt does it. */
export function bootOrder(definition: DomainDefinition): ReadonlyMap<DeviceDefinition, number> {
  const order = new Map<DeviceDefinition, number>();
  for (const device of definition.devices) {
    const own = bootOrderOf(device);
    if (own !== null) order.set(device, own);
  }
  for (const [at, { dev }] of definition.os.boot.entries()) {
    const first = definition.devices.find((device) => moduleOf(device).boots(device) === dev);
    if (first && !order.has(first)) order.set(first, at + 1);
  }
  return order;
}
