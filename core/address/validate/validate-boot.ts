/** Firmware, what it boots, and what is booted past it. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { bootOrderOf } from '../../devices/registry.ts';
import { contradiction, duplicateOf, unsupported } from './refusals.ts';

export function validateBoot(definition: DomainDefinition, { version }: QemuCapabilities): void {
  const { os, devices } = definition;
  const ordered = devices.flatMap((device) => bootOrderOf(device) ?? []);
  if (ordered.length > 0 && os.boot.length > 0) unsupported('per-device boot elements cannot be used together with os/boot elements');
  const twice = duplicateOf(ordered);
  if (twice !== undefined) contradiction(`boot order '${twice}' used for more than one device`);
  if (os.kernel === null && (os.initrd !== null || os.cmdline !== null)) unsupported('initrd and cmdline need a kernel');
  if (os.kernel === null && os.shim !== null) unsupported('os/shim needs a kernel');
  if (os.shim !== null && version.major < 10) unsupported(`os/shim needs QEMU 10.0 or newer, and this is ${version.major}.${version.minor}`);
  if (definition.bootloader !== null || definition.bootloaderArguments !== null) unsupported('bootloader is not supported by QEMU, which starts a machine and not a kernel from a host program');
  if (os.root !== null) unsupported('os/root is not supported by QEMU');
  if (os.varstore !== null) unsupported('os/varstore is not supported by this driver; os/nvram is');
  const table = os.acpiTables.find(({ type }) => type === 'rawset');
  if (table) unsupported("ACPI table type 'rawset' is not supported; 'raw', 'slic' and 'msdm' are");
  validateFirmware(definition);
  validateLoader(definition);
  validateBios(definition);
}

function validateFirmware({ os }: DomainDefinition): void {
  const wants = (name: string, enabled: boolean): boolean => os.firmwareFeatures.some((feature) => feature.name === name && feature.enabled === enabled);
  if (os.firmware === null) {
    if (os.firmwareFeatures.length > 0) unsupported('os/firmware features choose a firmware, and os has no firmware attribute');
    if (os.loader && os.loader.path === null) unsupported('os/loader names no file, and os has no firmware attribute to choose one');
    return;
  }
  if (wants('enrolled-keys', true) && wants('secure-boot', false)) unsupported("firmware feature 'enrolled-keys' needs 'secure-boot', which is off");
  if (os.firmware === 'bios' && os.nvram !== null) unsupported("firmware 'bios' has no nvram");
}

function validateLoader({ os, features }: DomainDefinition): void {
  const { loader, nvram, firmware } = os;
  if (!loader) return;
  if (loader.stateless && nvram !== null) unsupported('os/loader is stateless, so it can have no nvram');
  if (loader.stateless === false && firmware === null && loader.type !== 'pflash') unsupported("os/loader of type 'rom' can keep no state in an nvram; 'pflash' can");
  if (loader.stateless === false && firmware === 'bios') unsupported("firmware 'bios' keeps no state");
  const isEfi = firmware === 'efi' || (loader.type === 'pflash' && loader.path !== null);
  if (isEfi && !features.acpi && (os.type.arch === 'x86_64' || os.type.arch === 'i686')) unsupported(`UEFI needs the feature acpi on arch '${os.type.arch}'`);
  if (nvram?.type && !['file', 'block', 'network'].includes(nvram.type)) unsupported(`os/nvram of type '${nvram.type}' is not supported; file, block and network are`);
  if (nvram?.source?.auth && nvram.source.protocol !== 'iscsi') unsupported(`os/nvram: auth is for the protocol iscsi, not '${nvram.source.protocol ?? ''}'`);
  if (!loader.secure) return;
  if (boardOf(os.type).name !== 'q35') unsupported(`secure boot is for q35 machines, not for '${os.type.machine}'`);
  if (os.type.arch !== 'x86_64') unsupported(`secure boot is for x86_64, not for '${os.type.arch}'`);
  if (firmware === null && !features.smm?.state) unsupported('secure boot needs the feature smm to be on');
}

function validateBios({ os, devices, pm, features }: DomainDefinition): void {
  const isX86 = os.type.arch === 'x86_64' || os.type.arch === 'i686';
  if (os.bios?.useserial && !isX86) unsupported(`bios useserial is for x86, not for '${os.type.arch}'`);
  if (os.bios?.useserial && !devices.some(({ kind }) => kind === 'serial')) unsupported('bios useserial needs a serial port');
  if (pm && !isX86) unsupported(`pm (suspend-to-mem, suspend-to-disk) is for x86, not for '${os.type.arch}'`);
  const hasUefi = os.firmware === 'efi' || (os.loader?.type === 'pflash' && os.loader.path !== null);
  if (features.acpi && os.type.arch === 'aarch64' && !hasUefi) unsupported("feature acpi needs UEFI on arch 'aarch64'");
}
