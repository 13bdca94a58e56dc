/** Whether QEMU has what a device needs, asked while the definition is checked and not when QEMU fails. */
import { VireoError } from '../base/errors.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { Address } from '../conf/device-address.ts';
import { virtioDriver, type VirtioModel } from './virtio/virtio-device.ts';

/** Throws CONFIG_UNSUPPORTED; `what` opens the sentence and names the element with its value. */
export function requireDeviceType({ binary, deviceTypes }: QemuCapabilities, driver: string, what: string): void {
  if (!deviceTypes.has(driver)) throw new VireoError('CONFIG_UNSUPPORTED', `${what}: '${binary}' has no device ${driver}`);
}

/** The same for what -object makes. */
export function requireObjectType({ binary, objectTypes }: QemuCapabilities, type: string, what: string): void {
  if (!objectTypes.has(type)) throw new VireoError('CONFIG_UNSUPPORTED', `${what}: '${binary}' has no object ${type}`);
}

/** The same for a virtio device on the bus of `address`; the generations of virtio differ on PCI only. */
export function requireVirtioDevice(capabilities: QemuCapabilities, name: string, address: Address | null, model: VirtioModel, what: string): void {
  if (model !== 'virtio' && address !== null && address.type !== 'pci') {
    throw new VireoError('CONFIG_UNSUPPORTED', `${what}: model '${model}' exists on PCI only, and its address is of type '${address.type}'`);
  }
  requireDeviceType(capabilities, virtioDriver(name, address, model), what);
}
