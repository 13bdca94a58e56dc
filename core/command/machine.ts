/** `-machine` and `-accel`: the board with everything that is a switch on it. */
import { timerOf } from '../conf/clock.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type Board, boardOf } from '../conf/machine-family.ts';
import { type CommandFragment, keyed, plain } from '../devices/command-fragment.ts';
import { enclaveProperties } from '../devices/memory/memory.ts';
import { machinePropertiesOfDevices } from '../devices/machine-properties.ts';
import { bootOrderOf } from '../devices/registry.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { isAtLeast } from '../devices/qemu-at-least.ts';
import { speakerAudiodev } from '../devices/sound/sound.ts';
import { firmwareNodes } from './firmware.ts';
import { systemMemoryId } from './memory.ts';
import { usesHmat } from './numa.ts';

type Keys = Readonly<Record<string, string | number | boolean | null>>;

export function machineFragments(live: DomainDefinition, launch: LaunchContext): readonly CommandFragment[] {
  const board = boardOf(live.os.type);
  const machine = keyed('machine', live.os.type.machine, {
    usb: false,
    ...keywrap(live),
    'dump-guest-core': live.dumpCore ?? false,
    'mem-merge': live.memoryBacking?.nosharepages ? false : null,
    ...features(live, launch),
    ...boardDevices(live),
    'memory-backend': systemMemoryId(live),
    'max-cpu-compat': board.name === 'pseries' && live.cpu?.mode === 'host-model' ? (live.cpu.model?.name ?? null) : null,
    loadparm: board.name === 's390-ccw' ? loadparm(live) : null,
    'confidential-guest-support': live.launchSecurity ? 'lsec0' : null,
    ...firmwareNodes(live),
    'pcspk-audiodev': speakerAudiodev(live),
    hmat: usesHmat(live) ? true : null,
    // On a PC this puts the BIOS on the serial console; validation has refused it elsewhere.
    graphics: live.os.bios?.useserial ? false : null,
    acpi: live.features.acpi || !canDoWithoutAcpi(board, launch) ? null : false,
    hpet: hasHpet(board) ? (timerOf(live.clock, 'hpet')?.present ?? null) : null,
    ...machinePropertiesOfDevices(live),
  });
  const tseg = live.features.smm?.tsegBytes ?? null;
  return [machine, accelerator(live, launch), ...(tseg === null ? [] : [plain('global', `mch.extended-tseg-mbytes=${tseg / 2 ** 20}`)])];
}

function keywrap({ keywrap: ciphers }: DomainDefinition): Keys {
  return Object.fromEntries(ciphers.map(({ name, state }) => [`${name}-key-wrap`, state]));
}

function features({ features: given }: DomainDefinition, { capabilities }: LaunchContext): Keys {
  const irqchip = given.ioapic === null ? null : given.ioapic === 'qemu' ? 'split' : true;
  return {
    vmport: given.vmport,
    smm: given.smm?.state ?? null,
    'gic-version': capabilities.arch === 'aarch64' ? (given.gic?.version ?? null) : null,
    'kernel-irqchip': irqchip,
    'resize-hpt': given.hpt?.resizing ?? null,
    'cap-hpt-max-page-size': given.hpt?.maximumPageSizeKiB ? `${given.hpt.maximumPageSizeKiB}k` : null,
    'cap-htm': given.htm,
    'cap-nested-hv': given.nestedHv,
    'cap-ccf-assist': given.ccfAssist,
    'cap-cfpc': given.cfpc,
    'cap-sbbc': given.sbbc,
    'cap-ibs': given.ibs,
    ras: given.ras,
    i8042: given.ps2,
    aia: given.aia,
  };
}

/** Devices that QEMU knows as properties of the board. */
function boardDevices(live: DomainDefinition): Keys {
  const hasNvdimm = devicesOf(live.devices, 'memory').some(({ model }) => model === 'nvdimm');
  const hasSmmu = devicesOf(live.devices, 'iommu').some(({ model }) => model === 'smmuv3');
  return { iommu: hasSmmu ? 'smmuv3' : null, nvdimm: hasNvdimm ? true : null, ...enclaveProperties(live) };
}

/** What the firmware of s390x is told, by the device that it boots from first. */
function loadparm({ devices }: DomainDefinition): string | null {
  const first = devices.find((device) => bootOrderOf(device) === 1);
  const { boot } = (first ?? {}) as { readonly boot?: { readonly loadparm?: string | null } | null };
  return boot?.loadparm ?? null;
}

/** Validation has refused to switch on what other boards do not have; to switch it off says nothing there. */
function hasHpet({ name }: Board): boolean {
  return name === 'q35' || name === 'i440fx' || name === 'isapc';
}

/** A RISC-V board has a switch for it since QEMU 8.0. */
function canDoWithoutAcpi({ name }: Board, { capabilities }: LaunchContext): boolean {
  if (name === 'riscv-virt') return isAtLeast(capabilities, 8, 0);
  return name === 'q35' || name === 'i440fx' || name === 'isapc' || name === 'microvm' || name === 'arm-virt' || name === 'loongarch-virt';
}

function accelerator({ features: { tcg, kvm } }: DomainDefinition, launch: LaunchContext): CommandFragment {
  const cacheKiB = launch.accelerator === 'tcg' ? (tcg?.translationCacheKiB ?? null) : null;
  const ring = launch.accelerator === 'kvm' && kvm?.dirtyRing?.state ? kvm.dirtyRing.size : null;
  return keyed('accel', launch.accelerator, { 'tb-size': cacheKiB === null ? null : Math.floor(cacheKiB / 1024), 'dirty-ring-size': ring });
}
