/** What QEMU would refuse or silently ignore in a whole definition is refused with a reason (D4); a file a concern. */
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { isMirrorConsole } from '../devices/console/mirror-console.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { moduleOf } from '../devices/registry.ts';
import { contradiction, unsupported } from './validate/refusals.ts';
import { validateBoot } from './validate/validate-boot.ts';
import { validateClock } from './validate/validate-clock.ts';
import { validateCpus } from './validate/validate-cpus.ts';
import { validateFeatures } from './validate/validate-features.ts';
import { validateIothreads, validateSeclabels, validateSysinfo, validateTuning } from './validate/validate-host-tuning.ts';
import { validateLaunchSecurity, validateLifecycle } from './validate/validate-launch-security.ts';
import { validateMemory } from './validate/validate-memory.ts';
import { validateNuma } from './validate/validate-numa.ts';

/** Throws XML_ERROR or CONFIG_UNSUPPORTED naming the element and its value. */
export function validateDomain(domain: DomainSurroundings, capabilities: QemuCapabilities): void {
  const { definition } = domain;
  validateAccelerator(definition, capabilities);
  validateCpus(definition, capabilities);
  validateMemory(definition, capabilities);
  validateNuma(definition);
  validateBoot(definition, capabilities);
  validateFeatures(definition, capabilities);
  validateClock(definition);
  validateIothreads(definition, capabilities);
  validateTuning(definition);
  validateSeclabels(definition);
  validateSysinfo(definition);
  validateLaunchSecurity(definition, capabilities);
  validateLifecycle(definition);
  validateDevices(domain);
}

function validateAccelerator({ type, emulator }: DomainDefinition, capabilities: QemuCapabilities): void {
  const accelerator: Accelerator = type === 'qemu' ? 'tcg' : (type as Accelerator);
  if (capabilities.accelerators.includes(accelerator)) return;
  unsupported(`the emulator '${emulator}' does not provide domain type '${type}'; it has ${capabilities.accelerators.join(', ')}`);
}

function validateDevices(domain: DomainSurroundings): void {
  const aliases = new Set<string>();
  for (const device of domain.definition.devices) {
    if (device.alias !== null && !isMirrorConsole(device)) {
      if (aliases.has(device.alias)) contradiction(`two devices have the alias '${device.alias}'`);
      aliases.add(device.alias);
    }
    moduleOf(device).validate(device, domain);
  }
}
