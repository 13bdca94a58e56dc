/**
 * Which of the USB devices that a definition asks for are plugged in, asked just before a run: one that is named by
 * what it is gets the address that it has today, and one that may be missing and is missing is marked so.
 */
import { readdir, readFile } from 'node:fs/promises';
import { VireoError } from '../../base/errors.ts';
import type { DeviceDefinition } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { hostNameOf, type HostdevOf } from './hostdev-definition.ts';

interface PluggedIn {
  readonly vendor: number;
  readonly product: number;
  readonly bus: number;
  readonly device: number;
}

type UsbHostdev = HostdevOf<'usb'>;

/** @throws OPERATION_FAILED for a device that is not there and has to be, and for a name that fits several. */
export async function lookAtUsbDevices(definition: DomainDefinition, folder = '/sys/bus/usb/devices'): Promise<DomainDefinition> {
  const isUsb = (device: DeviceDefinition): device is UsbHostdev => device.kind === 'hostdev' && device.type === 'usb';
  if (!definition.devices.some(isUsb)) return definition;
  const present = await listUsbDevices(folder);
  return { ...definition, devices: definition.devices.map((device) => (isUsb(device) ? atItsAddress(device, present) : device)) };
}

function atItsAddress(hostdev: UsbHostdev, present: readonly PluggedIn[]): UsbHostdev {
  const { vendor, product, address, startupPolicy } = hostdev.source;
  const fitting = present.filter((each) => (!vendor || (each.vendor === vendor.id && each.product === product?.id)) && (!address || (each.bus === address.bus && each.device === address.device)));
  const [found, another] = fitting;
  const what = `USB device ${hostNameOf(hostdev)} of the host`;
  if (found && !another) return { ...hostdev, source: { ...hostdev.source, missing: null, address: { bus: found.bus, device: found.device } } };
  if (another) throw new VireoError('OPERATION_FAILED', `${what}: ${fitting.length} devices are this one; its source needs an address`);
  if (startupPolicy !== 'optional') throw new VireoError('OPERATION_FAILED', `${what} is not plugged in`);
  return { ...hostdev, source: { ...hostdev.source, missing: true } };
}

/** Interfaces of devices have a colon in their name. */
async function listUsbDevices(folder: string): Promise<readonly PluggedIn[]> {
  const names = (await readdir(folder).catch(() => [] as string[])).filter((name) => !name.includes(':'));
  const devices = await Promise.all(names.map(async (name): Promise<readonly PluggedIn[]> => {
    const number = async (fact: string, base: number): Promise<number> => Number.parseInt(await readFile(`${folder}/${name}/${fact}`, 'utf8'), base);
    // One that is pulled out meanwhile is one that is not there.
    const read = Promise.all([number('idVendor', 16), number('idProduct', 16), number('busnum', 10), number('devnum', 10)]);
    return await read.then(([vendor, product, bus, device]) => [{ vendor, product, bus, device }], () => []);
  }));
  return devices.flat();
}
