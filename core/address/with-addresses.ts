/** Puts addresses that were found into the devices that they are for; all other devices stay the same objects. */
import type { Address } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';

export function withAddresses(devices: readonly DeviceDefinition[], addresses: ReadonlyMap<DeviceDefinition, Address>): readonly DeviceDefinition[] {
  if (addresses.size === 0) return devices;
  return devices.map((device): DeviceDefinition => {
    const address = addresses.get(device);
    return address ? { ...device, address } : device;
  });
}
