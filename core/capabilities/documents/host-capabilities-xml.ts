/**
 * The document of `virsh capabilities`: what the host is, and which guests its emulators run (libvirt's formatcaps).
 * A fact that is not known is left out, as the format allows; so are `<model>` of the host's CPU, which only a
 * database of models could tell, and security models, of which this driver sets none.
 */
import { createElement, type XmlElement } from '../../xml/xml-element.ts';
import { formatXml } from '../../xml/format-xml.ts';
import type { Accelerator, MachineType, QemuCapabilities } from '../qemu-capabilities.ts';
import { formatCpuList } from './cpu-list.ts';
import { guestArchitectures, isX86 } from './guest-architectures.ts';
import type { HostCache, HostCell, HostCpu, HostHardware, HostProcessor } from './host-hardware.ts';
import { domainType } from './usable-accelerators.ts';

export interface HostCapabilitiesOptions {
  readonly hostUuid: string;
  /** The host's architecture in libvirt's spelling. */
  readonly arch: string;
  readonly hardware: HostHardware;
  /** One entry for each installed emulator; of two for one architecture the first is listed. */
  readonly capabilities: readonly QemuCapabilities[];
  /** The accelerators that really run this emulator's guests (usableAccelerators). */
  readonly usable: (capabilities: QemuCapabilities) => readonly Accelerator[];
  /** Ways to migrate that the driver offers, `tcp` and the like; none leaves the element out. */
  readonly migrationTransports?: readonly string[];
}

export function hostCapabilitiesXml(options: HostCapabilitiesOptions): string {
  const byArch = new Map(options.capabilities.toReversed().map((each) => [each.arch, each]));
  const guests = [...guestArchitectures.keys()].flatMap((arch) => byArch.get(arch) ?? []).map((each) => guestElement(each, options.usable(each)));
  return formatXml(createElement('capabilities', {}, [hostElement(options), ...guests]));
}

function hostElement({ hostUuid, arch, hardware, migrationTransports = [] }: HostCapabilitiesOptions): XmlElement {
  const { cpu, sleepStates, hasIommu, cells, caches } = hardware;
  return createElement('host', {}, [
    textElement('uuid', hostUuid),
    cpuElement(cpu, arch),
    ...(sleepStates ? [createElement('power_management', {}, sleepStates.map((state) => createElement(state)))] : []),
    ...(hasIommu === null ? [] : [createElement('iommu', { support: hasIommu ? 'yes' : 'no' })]),
    ...(migrationTransports.length > 0 ? [migrationElement(migrationTransports)] : []),
    ...(cells.length > 0 ? [createElement('topology', {}, [createElement('cells', { num: String(cells.length) }, cells.map(cellElement))])] : []),
    ...(caches.length > 0 ? [createElement('cache', {}, caches.map(cacheElement))] : []),
  ]);
}

function cpuElement(cpu: HostCpu, arch: string): XmlElement {
  const { vendor, microcodeVersion, signature, topology, physicalAddressBits, features, pageSizesKiB } = cpu;
  return createElement('cpu', {}, [
    textElement('arch', arch),
    ...(vendor === null ? [] : [textElement('vendor', vendor)]),
    ...(microcodeVersion === null ? [] : [createElement('microcode', { version: String(microcodeVersion) })]),
    ...(signature ? [createElement('signature', numbers(signature, ['family', 'model', 'stepping']))] : []),
    ...(topology ? [createElement('topology', numbers(topology, ['sockets', 'dies', 'clusters', 'cores', 'threads']))] : []),
    ...(physicalAddressBits === null ? [] : [createElement('maxphysaddr', { mode: 'emulate', bits: String(physicalAddressBits) })]),
    ...features.map((name) => createElement('feature', { name })),
    ...pageSizesKiB.map((size) => createElement('pages', { unit: 'KiB', size: String(size) })),
  ]);
}

function migrationElement(transports: readonly string[]): XmlElement {
  return createElement('migration_features', {}, [createElement('live'), createElement('uri_transports', {}, transports.map((name) => textElement('uri_transport', name)))]);
}

function cellElement({ id, memoryKiB, pages, distances, processors }: HostCell): XmlElement {
  return createElement('cell', { id: String(id) }, [
    ...(memoryKiB === null ? [] : [textElement('memory', String(memoryKiB), { unit: 'KiB' })]),
    ...pages.map(({ sizeKiB, count }) => textElement('pages', String(count), { unit: 'KiB', size: String(sizeKiB) })),
    ...(distances.length > 0 ? [createElement('distances', {}, distances.map(({ id: to, value }) => createElement('sibling', { id: String(to), value: String(value) })))] : []),
    createElement('cpus', { num: String(processors.length) }, processors.map(processorElement)),
  ]);
}

function processorElement({ id, place }: HostProcessor): XmlElement {
  if (!place) return createElement('cpu', { id: String(id) });
  const { socket, die, cluster, core, siblings } = place;
  return createElement('cpu', {
    id: String(id),
    socket_id: String(socket),
    die_id: String(die),
    cluster_id: String(cluster),
    core_id: String(core),
    siblings: formatCpuList(siblings),
  });
}

/** libvirt takes the largest unit that holds the size without a rest. */
function cacheElement({ id, level, type, sizeKiB, processors }: HostCache): XmlElement {
  const [size, unit] = sizeKiB % 1024 === 0 ? [sizeKiB / 1024, 'MiB'] : [sizeKiB, 'KiB'];
  return createElement('bank', { id: String(id), level: String(level), type, size: String(size), unit, cpus: formatCpuList(processors) });
}

function guestElement(capabilities: QemuCapabilities, usable: readonly Accelerator[]): XmlElement {
  const { arch, binary, machines } = capabilities;
  return createElement('guest', {}, [
    textElement('os_type', 'hvm'),
    createElement('arch', { name: arch }, [
      textElement('wordsize', String(guestArchitectures.get(arch)?.wordBits ?? 64)),
      textElement('emulator', binary),
      ...machinesInOrder(machines).flatMap(machineElements),
      ...usable.map((accelerator) => createElement('domain', { type: domainType(accelerator) })),
    ]),
    createElement('features', {}, guestFeatures(capabilities)),
  ]);
}

/** The default first, as libvirt; `none` is no machine for a guest. */
function machinesInOrder(machines: readonly MachineType[]): readonly MachineType[] {
  const real = machines.filter(({ name }) => name !== 'none');
  return [...real.filter(({ isDefault }) => isDefault), ...real.filter(({ isDefault }) => !isDefault)];
}

/** The machine by its own name, and once more by its alias. */
function machineElements({ name, alias, maximumCpus, deprecated }: MachineType): readonly XmlElement[] {
  const facts = { maxCpus: String(maximumCpus), ...(deprecated ? { deprecated: 'yes' } : {}) };
  return [textElement('machine', name, facts), ...(alias === null ? [] : [textElement('machine', alias, { canonical: name, ...facts })])];
}

/** What a definition may ask of such a guest. Snapshots are not named before the driver takes them. */
function guestFeatures({ arch, cpuModels }: QemuCapabilities): readonly XmlElement[] {
  const x86 = isX86(arch);
  return [
    ...(arch === 'i686' ? [createElement('pae'), createElement('nonpae')] : []),
    ...(x86 ? [createElement('acpi', { default: 'on', toggle: 'yes' }), createElement('apic', { default: 'on', toggle: 'no' })] : []),
    ...(cpuModels.length > 0 ? [createElement('cpuselection')] : []),
    createElement('deviceboot'),
  ];
}

function textElement(name: string, text: string, attributes: Readonly<Record<string, string>> = {}): XmlElement {
  return createElement(name, attributes, [text]);
}

function numbers<K extends string>(values: Readonly<Record<K, number>>, names: readonly K[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, String(values[name])]));
}
