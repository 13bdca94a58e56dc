/**
 * The document of `virsh domcapabilities`: what one emulator with one machine can give a domain (libvirt's
 * formatdomaincaps). Every value in it was tried on the driver itself (TrialDomain), so it holds exactly what both this
 * QEMU has and this driver runs.
 */
import { VireoError } from '../../base/errors.ts';
import type { HostCpu } from '../../capabilities/host-cpu.ts';
import { domainType } from '../../capabilities/documents/usable-accelerators.ts';
import type { Accelerator, MachineType, QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { firmwareImages, type InstalledFirmware } from '../../firmware/choose-firmware.ts';
import { createElement, type XmlElement } from '../../xml/xml-element.ts';
import { formatXml } from '../../xml/format-xml.ts';
import { cpuElement } from './cpu-section.ts';
import { deviceVocabulary } from './device-vocabulary.ts';
import { featuresElement, iothreadsElement, memoryBackingElement, osElement } from './feature-vocabulary.ts';
import { TrialDomain } from './trial-domain.ts';
import { sectionElement } from './vocabulary.ts';

export interface DomainCapabilitiesOptions {
  readonly capabilities: QemuCapabilities;
  /** Name or alias; null for the emulator's default. */
  readonly machine: string | null;
  /** A domain's `type`; null for the fastest that is usable. */
  readonly virttype: string | null;
  /** The accelerators that really run this emulator's guests (usableAccelerators). */
  readonly usable: readonly Accelerator[];
  /** What the emulator can give a guest under an accelerator; where it is not asked, models are `usable='unknown'`. */
  readonly hostCpu?: (accelerator: Accelerator) => Promise<HostCpu>;
  /** What `<os firmware='efi'>` may choose from; none unless given. */
  readonly firmware?: InstalledFirmware;
}

/** @throws INVALID_ARG for a machine or domain type that this emulator does not run here. */
export async function domainCapabilitiesXml(options: DomainCapabilitiesOptions): Promise<string> {
  const { capabilities } = options;
  const accelerator = chooseAccelerator(options);
  const machine = chooseMachine(options);
  const trial = new TrialDomain(capabilities, machine.name, accelerator, options.firmware);
  const devices: XmlElement[] = [];
  for (const section of deviceVocabulary) devices.push(await sectionElement(section, trial));
  return formatXml(createElement('domainCapabilities', {}, [
    createElement('path', {}, [capabilities.binary]),
    createElement('domain', {}, [domainType(accelerator)]),
    createElement('machine', {}, [machine.name]),
    createElement('arch', {}, [capabilities.arch]),
    createElement('vcpu', { max: String(machine.maximumCpus) }),
    await iothreadsElement(trial),
    await osElement(trial, firmwareImages(options.firmware?.descriptors ?? [], capabilities.arch, machine.name)),
    await cpuElement(capabilities, trial, (await options.hostCpu?.(accelerator)) ?? { models: new Map(), hostModel: null }),
    await memoryBackingElement(trial),
    createElement('devices', {}, devices),
    await featuresElement(trial),
  ]));
}

function chooseAccelerator({ capabilities, virttype, usable }: DomainCapabilitiesOptions): Accelerator {
  const all: readonly Accelerator[] = ['kvm', 'hvf', 'whpx', 'tcg'];
  if (virttype === null) {
    const fastest = all.find((accelerator) => usable.includes(accelerator));
    if (fastest) return fastest;
    throw new VireoError('INVALID_ARG', `the emulator '${capabilities.binary}' runs no guests on this host`);
  }
  const types = all.map(domainType);
  const accelerator = all.find((each) => domainType(each) === virttype);
  if (!accelerator) throw new VireoError('INVALID_ARG', `unknown virttype '${virttype}'; this driver knows ${types.join(', ')}`, { details: { virttype } });
  if (usable.includes(accelerator)) return accelerator;
  const lacks = !capabilities.accelerators.includes(accelerator);
  const why = lacks ? `the emulator '${capabilities.binary}' was built without it` : `it does not work for '${capabilities.binary}' on this host`;
  throw new VireoError('INVALID_ARG', `virttype '${virttype}' is not available: ${why}`, { details: { virttype, emulator: capabilities.binary } });
}

function chooseMachine({ capabilities, machine: wanted }: DomainCapabilitiesOptions): MachineType {
  const machines = capabilities.machines.filter(({ name }) => name !== 'none');
  if (wanted !== null) {
    const found = machines.find(({ name, alias }) => name === wanted || alias === wanted);
    if (found) return found;
    throw new VireoError('INVALID_ARG', `the emulator '${capabilities.binary}' has no machine '${wanted}'`, { details: { machine: wanted, emulator: capabilities.binary } });
  }
  const standard = machines.find(({ isDefault }) => isDefault);
  if (standard) return standard;
  throw new VireoError('INVALID_ARG', `the emulator '${capabilities.binary}' has no default machine; name one`, { details: { emulator: capabilities.binary } });
}
