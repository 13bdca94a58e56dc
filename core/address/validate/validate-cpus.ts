/** Number, layout and model of the CPUs. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { type CpuDefinition, isKnownModel } from '../../conf/cpu.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { vcpusAtStart, type VcpuState } from '../../conf/vcpus.ts';
import { contradiction, duplicateOf, unsupported } from './refusals.ts';

/** CPUs that a PC can have without a remapper of interrupts. */
const maximumWithoutRemapping = 255;

export function validateCpus(definition: DomainDefinition, capabilities: QemuCapabilities): void {
  validateCount(definition, capabilities);
  validateTopology(definition);
  if (definition.vcpus.length > 0) validateStates(definition.vcpus, definition.vcpu.maximum);
  if (definition.cpu) validateModel(definition.cpu, definition, capabilities);
}

function validateCount({ vcpu, os, devices }: DomainDefinition, { machines }: QemuCapabilities): void {
  if (vcpu.current !== null && vcpu.current > vcpu.maximum) contradiction(`maxvcpus must not be less than current vcpus (${vcpu.maximum} < ${vcpu.current})`);
  const machine = machines.find(({ name }) => name === os.type.machine);
  if (machine && vcpu.maximum > machine.maximumCpus) unsupported(`maximum CPUs ${vcpu.maximum} is greater than the ${machine.maximumCpus} that machine '${machine.name}' allows`);
  const isX86 = os.type.arch === 'x86_64' || os.type.arch === 'i686';
  if (!isX86 || vcpu.maximum <= maximumWithoutRemapping) return;
  if (boardOf(os.type).name !== 'q35') unsupported(`more than ${maximumWithoutRemapping} vCPUs need a q35 machine`);
  if (!devicesOf(devices, 'iommu').some(({ driver }) => driver?.extendedInterruptMode)) unsupported(`more than ${maximumWithoutRemapping} vCPUs need an iommu device with extended interrupt mode (eim='on')`);
}

function validateTopology(definition: DomainDefinition): void {
  const { vcpu, cpu, os } = definition;
  const topology = cpu?.topology;
  if (!topology) return;
  const { sockets, dies, clusters, cores, threads } = topology;
  const cpus = sockets * dies * clusters * cores * threads;
  if (cpus !== vcpu.maximum) unsupported(`CPU topology has ${cpus} CPUs, which does not match the maximum vcpu count ${vcpu.maximum}`);
  const { name } = boardOf(os.type);
  if (dies > 1 && name !== 'q35' && name !== 'i440fx') unsupported(`machine '${os.type.machine}' has one die in a socket; the topology says ${dies}`);
  if (clusters > 1 && name !== 'arm-virt') unsupported(`machine '${os.type.machine}' has one cluster in a die; the topology says ${clusters}`);
  const present = vcpusAtStart(definition).length;
  if (name === 'pseries' && present % threads !== 0) unsupported(`${present} vcpus is not a multiple of ${threads}, the threads that are plugged together`);
}

/** CPU by CPU: the first is always there, and QEMU starts with the ones that come first. */
function validateStates(vcpus: readonly VcpuState[], maximum: number): void {
  const beyond = vcpus.find(({ id }) => id >= maximum);
  if (beyond) contradiction(`vcpu ${beyond.id} in vcpus is beyond the maximum of ${maximum}`);
  const twice = duplicateOf(vcpus.map(({ id }) => id));
  if (twice !== undefined) contradiction(`vcpu ${twice} is there twice in vcpus`);
  const [first] = vcpus;
  if (first && !first.enabled) unsupported("vcpu 0 can't be offline");
  if (first?.hotpluggable) unsupported("vcpu 0 can't be hotpluggable");
  if (first && (first.order ?? 1) !== 1) unsupported('vcpu 0 must be enabled first');
  const contradictory = vcpus.find(({ enabled, hotpluggable }) => !enabled && hotpluggable === false);
  if (contradictory) unsupported(`vcpu ${contradictory.id} is both offline and not hotpluggable`);
  const online = vcpus.filter(({ enabled }) => enabled);
  if (new Set(online.map(({ order }) => order === null)).size > 1) unsupported('either all vcpus that are enabled have an order or none of them');
  const firm = online.filter(({ hotpluggable }) => hotpluggable !== true);
  if (firm.some(({ order }, at) => (firm[at - 1]?.order ?? 0) > (order ?? 0))) unsupported('vcpus that are not hotpluggable must be ordered by their ids');
  if (firm.some(({ id }, at) => id !== at && vcpus.some((other) => other.id < id && other.enabled && other.hotpluggable))) {
    unsupported('vcpus that are not hotpluggable must come before those that are');
  }
}

function validateModel(cpu: CpuDefinition, { os, type }: DomainDefinition, capabilities: QemuCapabilities): void {
  const model = cpu.mode === 'custom' ? (cpu.model?.name ?? null) : null;
  if (cpu.mode === 'custom' && model === null) {
    if (cpu.features.length > 0) contradiction('cpu has features and no model');
    if (cpu.check !== null) unsupported('cpu has a check attribute and no model');
  }
  if (model !== null && !isKnownModel(model, capabilities)) unsupported(`the emulator does not know the CPU model '${model}'`);
  if (cpu.mode === 'host-passthrough' && type === 'qemu') unsupported("CPU mode 'host-passthrough' needs hardware acceleration; 'maximum' works without");
  const twice = duplicateOf(cpu.features.map(({ name }) => name));
  if (twice !== undefined) contradiction(`CPU feature '${twice}' is there twice`);
  const sve = cpu.features.find(({ name }) => name === 'sve');
  if (sve && (sve.policy === 'disable' || sve.policy === 'forbid') && cpu.features.some(({ name }) => /^sve\d/.test(name))) {
    unsupported("CPU feature 'sve' is off, but lengths of its vectors are given");
  }
  validateFeatureNames(cpu, os.type.arch);
  validateCache(cpu, os.type.arch);
}

/** What another architecture's processors have; QEMU would say only that a property is unknown. */
function validateFeatureNames({ features }: CpuDefinition, arch: string | null): void {
  if (arch !== 'aarch64') return;
  const foreign = features.find(({ name }) => !/^(aarch64|pmu|pauth|pauth-impdef|pauth-qarma3|sve(\d+)?|sme(\d+|_fa64)?|kvm-.*|lpa2|backcompat-.*|cfgend|has_el\d|reset-.*)$/.test(name));
  if (foreign) unsupported(`unknown CPU feature '${foreign.name}' on arch '${arch}'`);
}

function validateCache({ cache, physicalAddress, mode }: CpuDefinition, arch: string | null): void {
  const isX86 = arch === 'x86_64' || arch === 'i686';
  if (physicalAddress && !isX86) unsupported(`cpu/maxphysaddr is not supported on arch '${arch}'`);
  if (physicalAddress?.mode === 'passthrough' && physicalAddress.bits !== null) unsupported("cpu/maxphysaddr with mode 'passthrough' takes no bits");
  if (physicalAddress?.mode === 'emulate' && physicalAddress.limit) unsupported("cpu/maxphysaddr with mode 'emulate' takes no limit");
  if (!cache) return;
  if (!isX86) unsupported(`cpu/cache is not supported on arch '${arch}'`);
  if (cache.mode === 'emulate' && cache.level !== 3) unsupported("CPU cache mode 'emulate' can only be used with level 3");
  if (cache.mode !== 'emulate' && cache.level !== null) unsupported(`CPU cache mode '${cache.mode}' takes no level, and it has ${cache.level}`);
  if (cache.mode === 'passthrough' && mode !== 'host-passthrough' && mode !== 'maximum') {
    unsupported("CPU cache mode 'passthrough' can only be used with the CPU modes 'host-passthrough' and 'maximum'");
  }
}
