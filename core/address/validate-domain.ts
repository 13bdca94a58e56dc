/** What QEMU would refuse or silently ignore in a whole definition is refused with a reason (D4). */
import { VireoError } from '../base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { isMirrorConsole } from '../devices/console/mirror-console.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { bootOrderOf, moduleOf } from '../devices/registry.ts';

export function validateDomain(domain: DomainSurroundings, capabilities: QemuCapabilities): void {
  const { definition } = domain;
  validateAccelerator(definition, capabilities);
  validateCpus(definition, capabilities);
  if (definition.memoryKiB === 0) throw new VireoError('XML_ERROR', 'the domain has no memory');
  validateBoot(definition);
  const aliases = new Set<string>();
  for (const device of definition.devices) {
    if (device.alias !== null && !isMirrorConsole(device)) {
      if (aliases.has(device.alias)) throw new VireoError('XML_ERROR', `two devices have the alias '${device.alias}'`);
      aliases.add(device.alias);
    }
    moduleOf(device).validate(device, domain);
  }
}

function validateAccelerator({ type, emulator }: DomainDefinition, capabilities: QemuCapabilities): void {
  const accelerator: Accelerator = type === 'qemu' ? 'tcg' : (type as Accelerator);
  if (capabilities.accelerators.includes(accelerator)) return;
  throw new VireoError('CONFIG_UNSUPPORTED', `the emulator '${emulator}' does not provide domain type '${type}'; it has ${capabilities.accelerators.join(', ')}`);
}

function validateCpus({ vcpu, cpu, os }: DomainDefinition, capabilities: QemuCapabilities): void {
  const machine = capabilities.machines.find(({ name }) => name === os.type.machine);
  if (vcpu.current !== null && vcpu.current > vcpu.maximum) throw new VireoError('XML_ERROR', `maxvcpus must not be less than current vcpus (${vcpu.maximum} < ${vcpu.current})`);
  if (machine && vcpu.maximum > machine.maximumCpus) {
    throw new VireoError('CONFIG_UNSUPPORTED', `maximum CPUs ${vcpu.maximum} is greater than the ${machine.maximumCpus} that machine '${machine.name}' allows`);
  }
  const topology = cpu?.topology;
  const cpus = topology ? topology.sockets * topology.dies * topology.cores * topology.threads : vcpu.maximum;
  if (cpus !== vcpu.maximum) throw new VireoError('CONFIG_UNSUPPORTED', `CPU topology has ${cpus} CPUs, which does not match the maximum vcpu count ${vcpu.maximum}`);
  const model = cpu?.mode === 'custom' ? (cpu.model?.name ?? null) : null;
  if (model !== null && capabilities.cpuModels.length > 0 && !capabilities.cpuModels.includes(model)) {
    throw new VireoError('CONFIG_UNSUPPORTED', `the emulator does not know the CPU model '${model}'`);
  }
}

function validateBoot({ os, devices }: DomainDefinition): void {
  const ordered = devices.flatMap((device) => bootOrderOf(device) ?? []);
  if (ordered.length > 0 && os.boot.length > 0) throw new VireoError('CONFIG_UNSUPPORTED', 'per-device boot elements cannot be used together with os/boot elements');
  const twice = ordered.find((order, at) => ordered.indexOf(order) !== at);
  if (twice !== undefined) throw new VireoError('XML_ERROR', `boot order '${twice}' used for more than one device`);
  if (os.kernel === null && (os.initrd !== null || os.cmdline !== null)) throw new VireoError('CONFIG_UNSUPPORTED', 'initrd and cmdline need a kernel');
}
