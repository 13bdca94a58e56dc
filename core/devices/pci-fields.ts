/**
 * What devices on PCI may say beside their address: the number under which firmware names them to the guest, and
 * their option ROM. Both are properties of QEMU's PCI device, whatever kind of device it is.
 */
import { attribute, child, object, optional } from '../conf/codec/codec.ts';
import { onOff, someText, unsigned, yesNo } from '../conf/codec/scalar.ts';
import { deviceFields } from '../conf/device-address.ts';
import type { JsonObject } from './command-fragment.ts';

const acpi = optional(child('acpi', object({ index: optional(attribute('index', unsigned)) })));

/** Ends the codec of a device that may be on PCI, in place of `deviceFields`. */
export const pciFields = { alias: deviceFields.alias, acpi, address: deviceFields.address } as const;

/** The same for a device with an option ROM of its own: network cards and host devices. */
export const romFields = {
  alias: deviceFields.alias,
  rom: optional(child('rom', object({
    enabled: optional(attribute('enabled', yesNo)),
    bar: optional(attribute('bar', onOff)),
    file: optional(attribute('file', someText)),
  }))),
  acpi,
  address: deviceFields.address,
} as const;

interface AcpiIndex {
  readonly index: number | null;
}

interface OptionRom {
  readonly enabled: boolean | null;
  readonly bar: boolean | null;
  readonly file: string | null;
}

/** The index of `<acpi>`; 0 means that there is none. */
export function acpiProperties(acpi: AcpiIndex | null): JsonObject {
  return acpi?.index ? { 'acpi-index': acpi.index } : {};
}

/** A ROM that is not enabled is an empty file: QEMU has no other way to say so. */
export function romProperties(rom: OptionRom | null): JsonObject {
  if (!rom) return {};
  if (rom.enabled === false) return { romfile: '' };
  return { ...(rom.bar === null ? {} : { rombar: rom.bar ? 1 : 0 }), ...(rom.file === null ? {} : { romfile: rom.file }) };
}
