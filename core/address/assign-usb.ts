/** Ports of USB controllers (E4). */
import { VireoError } from '../base/errors.ts';
import type { UsbAddress } from '../conf/device-address.ts';
import { type DeviceDefinition, type DeviceOf, devicesOf } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { moduleOf } from '../devices/registry.ts';

export function assignUsb(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const { devices } = domain.definition;
  const usbDevices = devices.filter((device) => domain.needOf(device).type === 'usb');
  if (usbDevices.length === 0) return devices;
  const controllers = devicesOf(devices, 'controller').filter(({ type, model }) => type === 'usb' && model !== 'none');
  const [first] = usbDevices;
  if (controllers.length === 0 && first) {
    throw new VireoError('CONFIG_UNSUPPORTED', `USB is switched off for this domain, but it has a USB device: ${moduleOf(first).label(first)}`);
  }
  const used = new Map<string, string>();
  const addresses = new Map<DeviceDefinition, UsbAddress>();
  for (const device of usbDevices) if (device.address?.type === 'usb' && device.address.port !== null) take(used, device, device.address);
  for (const device of usbDevices) {
    const given = device.address?.type === 'usb' ? device.address : null;
    if (given && given.port !== null) continue;
    const wanted = given ? controllers.filter(({ index }) => index === given.bus) : controllers;
    const address = freePort(wanted, used) ?? full(device);
    take(used, device, address);
    addresses.set(device, address);
  }
  return devices.map((device) => ({ ...device, address: addresses.get(device) ?? device.address }) as DeviceDefinition);
}

function take(used: Map<string, string>, device: DeviceDefinition, { bus, port }: UsbAddress): void {
  const name = moduleOf(device).label(device);
  const other = used.get(`${bus} ${port}`);
  if (other !== undefined) throw new VireoError('XML_ERROR', `USB port ${port} of bus ${bus} is used by both ${other} and ${name}`);
  used.set(`${bus} ${port}`, name);
}

function freePort(controllers: readonly DeviceOf<'controller'>[], used: ReadonlyMap<string, string>): UsbAddress | null {
  for (const controller of controllers) {
    for (let port = 1; port <= portsOf(controller); port += 1) {
      if (!used.has(`${controller.index} ${port}`)) return { type: 'usb', bus: controller.index ?? 0, port: String(port) };
    }
  }
  return null;
}

/** Root ports that QEMU gives each model; xHCI has four unless told otherwise. */
function portsOf({ model, ports }: DeviceOf<'controller'>): number {
  if (model?.endsWith('xhci')) return ports ?? 4;
  if (model === 'ehci') return 6;
  return model === 'pci-ohci' ? 3 : 2;
}

function full(device: DeviceDefinition): never {
  throw new VireoError('CONFIG_UNSUPPORTED', `no free USB port for ${moduleOf(device).label(device)}; give the controller more ports or add one`);
}
