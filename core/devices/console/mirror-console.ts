/**
 * libvirt's rule about the first console: it is another name for the first serial port. A serial port without a console
 * gets one, a serial console without a port makes one, and from then on the console follows the port.
 */
import { devicesOf, type DeviceDefinition, type DeviceOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { serialType } from '../serial/serial.ts';

export function isMirrorConsole(device: DeviceDefinition): boolean {
  return device.kind === 'console' && (device.target?.type ?? 'serial') === 'serial';
}

export function mirrorFirstSerial(definition: DomainDefinition): DomainDefinition {
  const [serial] = devicesOf(definition.devices, 'serial');
  const [console] = devicesOf(definition.devices, 'console');
  if (console && !isMirrorConsole(console)) return definition;
  if (serial) {
    // What was plugged in later than the board was made is no console unless somebody says so.
    if (!console && ['pci-serial', 'usb-serial', 'isa-debug'].includes(serialType(serial, boardOf(definition.os.type)))) return definition;
    const mirror = mirrorOf(serial, console);
    const devices = console ? definition.devices.map((device) => (device === console ? mirror : device)) : [...definition.devices, mirror];
    return { ...definition, devices };
  }
  if (!console) return definition;
  const { backend, log, alias } = console;
  const port: DeviceOf<'serial'> = { kind: 'serial', backend, log, target: null, alias, acpi: null, address: null };
  return { ...definition, devices: [port, ...definition.devices] };
}

function mirrorOf(serial: DeviceOf<'serial'>, console: DeviceOf<'console'> | undefined): DeviceOf<'console'> {
  const { backend, log, alias } = serial;
  const tty = backend.type === 'pty' ? (backend.source?.path ?? null) : null;
  const unknown = console?.unknown ? { unknown: console.unknown } : {};
  return { kind: 'console', tty, backend, log, target: { type: 'serial', port: 0 }, alias, acpi: null, address: null, ...unknown };
}
