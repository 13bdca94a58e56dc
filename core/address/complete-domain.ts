/**
 * The defaults of everything that is not a device (D3): machine, memory, CPUs, firmware, identity. Written down before
 * any device is looked at, because devices ask for the machine.
 */
import { VireoError } from '../base/errors.ts';
import type { MachineType, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { type CpuDefinition, isKnownModel, namesModel, plainCpu } from '../conf/cpu.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { effectiveIothreads } from '../conf/iothreads.ts';
import { type Board, boardOf } from '../conf/machine-family.ts';
import { roundMemory } from '../conf/memory-size.ts';
import { initialMemoryKiB, memoryStepKiB, numaCells } from '../devices/memory-total.ts';
import { needsSplitInterrupts } from '../devices/iommu/split-interrupts.ts';
import { allModulesKiB } from '../devices/memory/module-size.ts';
import { chooseFirmware, type InstalledFirmware } from '../firmware/choose-firmware.ts';
import { bootOrderOf } from '../devices/registry.ts';
import { completeNuma } from './complete-numa.ts';

export interface DomainDefaults {
  readonly capabilities: QemuCapabilities;
  readonly newUuid: () => string;
  /** What is installed; without it the definition's own words are all there is. */
  readonly firmware?: InstalledFirmware;
}

/** Throws CONFIG_UNSUPPORTED for a machine that the binary does not have, XML_ERROR for numbers that contradict. */
export function completeDomain(written: DomainDefinition, { capabilities, newUuid, firmware }: DomainDefaults): DomainDefinition {
  const identified = completeIdentity(written, capabilities, newUuid);
  const named = firmware ? chooseFirmware(identified, firmware) : identified;
  return completeMemory(completeNuma(completeCpus({ ...named, ...completeOs(named), features: completeFeatures(named) }, capabilities)));
}

/** What else a binary runs, by its own architecture: the guests of the processors before it. */
const smallerArch: Readonly<Record<string, string>> = { x86_64: 'i686', aarch64: 'armv7l', ppc64: 'ppc64le' };

function completeIdentity(definition: DomainDefinition, capabilities: QemuCapabilities, newUuid: () => string): DomainDefinition {
  const { arch, type } = definition.os.type;
  if (type !== 'hvm') throw new VireoError('CONFIG_UNSUPPORTED', `os type '${type}' is not supported by the QEMU driver; it runs hvm`);
  if (arch !== null && arch !== capabilities.arch && arch !== smallerArch[capabilities.arch]) {
    throw new VireoError('CONFIG_UNSUPPORTED', `the emulator '${capabilities.binary}' does not run arch '${arch}', but ${capabilities.arch}`);
  }
  const machine = chooseMachine(definition, capabilities);
  return {
    ...definition,
    uuid: definition.uuid ?? smbiosUuid(definition) ?? newUuid(),
    genid: definition.genid && { ...definition.genid, value: definition.genid.value ?? newUuid() },
    os: { ...definition.os, type: { arch: arch ?? capabilities.arch, machine: machine.name, type } },
    emulator: definition.emulator ?? capabilities.binary,
  };
}

/** A guest that is told its UUID by SMBIOS has that one. */
function smbiosUuid({ sysinfo }: DomainDefinition): string | null {
  const tables = sysinfo.find((table) => table.type === 'smbios');
  const text = tables?.system.find(({ name }) => name === 'uuid')?.value.trim().toLowerCase() ?? '';
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : null;
}

function chooseMachine(definition: DomainDefinition, capabilities: QemuCapabilities): MachineType {
  const wanted = definition.os.type.machine;
  const machine = wanted === null ? capabilities.machines.find(({ isDefault }) => isDefault) : capabilities.machines.find(({ name, alias }) => name === wanted || alias === wanted);
  if (machine) return machine;
  throw new VireoError('CONFIG_UNSUPPORTED', `the emulator '${capabilities.binary}' does not support machine type '${wanted ?? '(default)'}'`);
}

function completeOs({ os, devices }: DomainDefinition): Pick<DomainDefinition, 'os'> {
  const hasBootOrder = devices.some((device) => bootOrderOf(device) !== null);
  const boot = os.boot.length === 0 && !hasBootOrder ? [{ dev: 'hd' as const }] : os.boot;
  const loader = os.loader && { ...os.loader, type: os.loader.type ?? (os.loader.path === null ? null : 'rom') };
  return { os: { ...os, boot, loader } };
}

/**
 * An ARM board has an interrupt controller in any case; the emulated third version lacks what PCI Express needs. An
 * IOMMU that remaps interrupts needs the I/O APIC outside of KVM. On s390x ACPI was always accepted and never there.
 */
function completeFeatures(definition: DomainDefinition): DomainDefinition['features'] {
  const { features, os, type, devices } = definition;
  const { name } = boardOf(os.type);
  const remaps = needsSplitInterrupts(definition) || devicesOf(devices, 'iommu').some(({ driver }) => driver?.interruptRemapping);
  const gic = features.gic ?? (name === 'arm-virt' ? { version: null } : null);
  return {
    ...features,
    acpi: features.acpi && name !== 's390-ccw',
    ioapic: features.ioapic ?? (remaps ? 'qemu' : null),
    gic: gic && { version: gic.version ?? (type === 'qemu' ? '2' : '3') },
  };
}

function completeCpus(definition: DomainDefinition, capabilities: QemuCapabilities): DomainDefinition {
  const { iothreads, iothreadids } = definition;
  const threads = effectiveIothreads(definition);
  const count = iothreads === null && iothreadids.length === 0 ? null : threads.length;
  const counted = completeVcpus(definition);
  return { ...counted, cpu: completeCpu(counted, capabilities), iothreads: count, iothreadids: iothreadids.length === 0 ? [] : threads };
}

/** Those that are not listed are not there. */
function completeVcpus(definition: DomainDefinition): DomainDefinition {
  const { vcpus, vcpu } = definition;
  if (vcpus.length === 0) return definition;
  const listed = new Map(vcpus.map((state) => [state.id, state]));
  const all = Array.from({ length: vcpu.maximum }, (_, id) => {
    const said = listed.get(id) ?? { id, enabled: false, hotpluggable: null, order: null };
    return { ...said, hotpluggable: said.hotpluggable ?? !said.enabled };
  });
  const surplus = vcpus.filter(({ id }) => id >= vcpu.maximum);
  const enabled = all.filter((candidate) => candidate.enabled).length;
  return { ...definition, vcpu: { ...vcpu, current: enabled === vcpu.maximum ? null : enabled }, vcpus: [...all, ...surplus] };
}

function completeCpu(definition: DomainDefinition, capabilities: QemuCapabilities): CpuDefinition | null {
  const { cpu: written, type, os } = definition;
  const model = written && namesModel(written) ? null : defaultModel(boardOf(os.type), os.type.machine ?? '', type, capabilities);
  const cpu = model === null ? written : { ...(written ?? plainCpu), ...model };
  if (!cpu || !namesModel(cpu)) return cpu;
  const check = cpu.mode === 'host-model' || (cpu.mode === 'custom' && type !== 'qemu') ? 'partial' : 'none';
  const isX86 = os.type.arch === 'x86_64' || os.type.arch === 'i686';
  return {
    ...cpu,
    check: cpu.check ?? check,
    migratable: cpu.migratable ?? (cpu.mode === 'host-passthrough' && isX86 ? true : null),
    features: withSve(cpu.features),
  };
}

/** Lengths of ARM's scalable vectors imply the vectors. */
function withSve(features: CpuDefinition['features']): CpuDefinition['features'] {
  const hasLengths = features.some(({ name }) => /^sve\d/.test(name));
  return hasLengths && !features.some(({ name }) => name === 'sve') ? [...features, { policy: 'require', name: 'sve' }] : features;
}

/** What QEMU takes by itself, written down so that another version's other choice changes nothing. */
function defaultModel(board: Board, machine: string, type: string, { arch, cpuModels }: QemuCapabilities): Pick<CpuDefinition, 'mode' | 'match' | 'check' | 'model'> | null {
  const name = board.name === 'pseries' ? pseriesModel(machine, type) : defaultModelName(board, type, arch);
  if (name === null || !isKnownModel(name, { arch, cpuModels })) return null;
  return { mode: 'custom', match: 'exact', check: 'none', model: { fallback: 'forbid', vendorId: null, name } };
}

function defaultModelName({ name }: Board, type: string, arch: string): string | null {
  if (name === 'isapc') return '486';
  if (arch === 'x86_64') return 'qemu64';
  if (arch === 'i686') return 'qemu32';
  if (name === 's390-ccw') return type === 'qemu' ? 'qemu' : null;
  if (type !== 'qemu') return null;
  return name === 'arm-virt' ? 'cortex-a15' : name === 'riscv-virt' ? 'rv64' : null;
}

/** QEMU's own choice when it emulates went with the processors of its time. */
function pseriesModel(machine: string, type: string): string {
  if (type !== 'qemu') return 'POWER9';
  if (/^pseries-2\.[0-7]($|-)/.test(machine)) return 'POWER7';
  return /^pseries-(2\.|3\.[01]($|-))/.test(machine) ? 'POWER8' : 'POWER9';
}

function completeMemory(definition: DomainDefinition): DomainDefinition {
  const stepKiB = memoryStepKiB(definition);
  const memoryKiB = roundMemory(initialMemoryKiB(definition), stepKiB) + allModulesKiB(definition);
  const { maxMemory, currentMemoryKiB: current } = definition;
  return {
    ...definition,
    memoryKiB,
    currentMemoryKiB: current === null || current === 0 ? memoryKiB : Math.min(current, memoryKiB),
    maxMemory: maxMemory && { ...maxMemory, sizeKiB: roundMemory(maxMemory.sizeKiB, stepKiB) },
    memoryBacking: withoutNeedlessNodes(definition),
  };
}

/** Without cells there is one node, number 0, and a page for that one is a page for all. */
function withoutNeedlessNodes(definition: DomainDefinition): DomainDefinition['memoryBacking'] {
  const { memoryBacking: backing } = definition;
  if (!backing?.hugepages || numaCells(definition).length > 0) return backing;
  const pages = backing.hugepages.pages.map((page) => (page.nodeset === '0' ? { ...page, nodeset: null } : page));
  return { ...backing, hugepages: { ...backing.hugepages, pages } };
}
