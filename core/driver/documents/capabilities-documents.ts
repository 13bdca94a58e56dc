/** The two capabilities documents of a host (C6): finds the emulators, asks what works, and has the XML written. */
import path from 'node:path';
import { asVireoError, VireoError } from '../../base/errors.ts';
import { abortable } from '../../base/lifetime.ts';
import type { Log } from '../../base/log.ts';
import type { InstalledFirmware } from '../../firmware/choose-firmware.ts';
import type { HostCpu, HostCpus } from '../../capabilities/host-cpu.ts';
import type { AcceleratorChoice } from '../../capabilities/accelerator.ts';
import type { CapabilitiesCache } from '../../capabilities/cache.ts';
import { guestArchitectures } from '../../capabilities/documents/guest-architectures.ts';
import { hostCapabilitiesXml } from '../../capabilities/documents/host-capabilities-xml.ts';
import { hostHardwareReader, type ReadHostHardware } from '../../capabilities/documents/read-host-hardware.ts';
import { usableAccelerators } from '../../capabilities/documents/usable-accelerators.ts';
import type { Accelerator, QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { findEmulator, hostArchitecture } from '../emulators.ts';
import { domainCapabilitiesXml } from './domain-capabilities-xml.ts';

export interface CapabilitiesDocumentsOptions {
  /** The identity of the state folder (hostUuid). */
  readonly hostUuid: () => Promise<string>;
  readonly capabilities: Pick<CapabilitiesCache, 'get'>;
  readonly accelerators: Pick<AcceleratorChoice, 'verdict'>;
  readonly hostCpus?: Pick<HostCpus, 'get'>;
  readonly firmware?: () => Promise<InstalledFirmware>;
  readonly log: Log;
  readonly readHardware?: ReadHostHardware;
  /** Path of `qemu-system-<name>`; throws where there is none. */
  readonly findEmulator?: (qemuName: string) => Promise<string>;
}

/** As virConnectGetDomainCapabilities: what is null is chosen. */
export interface DomainCapabilitiesRequest {
  readonly emulator: string | null;
  /** libvirt's name: x86_64, i686, aarch64. */
  readonly arch: string | null;
  readonly machine: string | null;
  readonly virttype: string | null;
}

export class CapabilitiesDocuments {
  readonly #options: CapabilitiesDocumentsOptions;
  readonly #find: (qemuName: string) => Promise<string>;
  readonly #readHardware: ReadHostHardware;

  constructor(options: CapabilitiesDocumentsOptions) {
    this.#options = options;
    this.#find = options.findEmulator ?? findEmulator;
    this.#readHardware = options.readHardware ?? hostHardwareReader();
  }

  /** `virsh capabilities`. An emulator that cannot be asked is left out and logged. */
  async host(signal: AbortSignal): Promise<string> {
    const arch = hostArchitecture();
    const [hostUuid, hardware] = await abortable(Promise.all([this.#options.hostUuid(), this.#readHardware(arch)]), signal);
    const usable = new Map<QemuCapabilities, readonly Accelerator[]>();
    // One after the other: a first look probes every emulator, and two dozen at once would stall the machine.
    for (const qemuName of [...guestArchitectures.values()].map((each) => each.qemuName)) {
      const capabilities = await this.#installed(qemuName, signal);
      if (capabilities) usable.set(capabilities, await this.#usable(capabilities, signal));
    }
    return hostCapabilitiesXml({ hostUuid, arch, hardware, capabilities: [...usable.keys()], usable: (each) => usable.get(each) ?? [] });
  }

  /**
   * `virsh domcapabilities`. @throws INVALID_ARG for an architecture, emulator, machine or domain type that is unknown
   * or does not fit the others, SYSTEM_ERROR where the emulator is no file.
   */
  async domain({ emulator, arch, machine, virttype }: DomainCapabilitiesRequest, signal: AbortSignal): Promise<string> {
    if (arch !== null && !guestArchitectures.has(arch)) throw new VireoError('INVALID_ARG', `unknown architecture '${arch}'`, { details: { arch } });
    const binary = emulator === null ? await this.#emulatorOf(arch ?? hostArchitecture()) : absolute(emulator);
    const capabilities = await this.#options.capabilities.get(binary, signal);
    if (arch !== null && capabilities.arch !== arch) {
      throw new VireoError('INVALID_ARG', `the emulator '${binary}' runs ${capabilities.arch} guests, not '${arch}'`, { details: { arch, emulator: binary } });
    }
    const usable = await this.#usable(capabilities, signal);
    const { hostCpus } = this.#options;
    const firmware = await this.#options.firmware?.();
    const hostCpu = hostCpus && ((accelerator: Accelerator): Promise<HostCpu> => hostCpus.get(capabilities, accelerator, signal));
    return domainCapabilitiesXml({ capabilities, machine, virttype, usable, ...(hostCpu ? { hostCpu } : {}), ...(firmware ? { firmware } : {}) });
  }

  async #emulatorOf(arch: string): Promise<string> {
    try {
      return await this.#find(guestArchitectures.get(arch)?.qemuName ?? arch);
    } catch (cause) {
      throw new VireoError('INVALID_ARG', `no emulator for architecture '${arch}' is installed`, { cause, details: { arch } });
    }
  }

  async #installed(qemuName: string, signal: AbortSignal): Promise<QemuCapabilities | null> {
    const binary = await this.#find(qemuName).catch(() => null);
    if (binary === null) return null;
    try {
      return await this.#options.capabilities.get(binary, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#options.log.write('warning', 'an emulator is left out of the capabilities', { binary, error: asVireoError(error).message });
      return null;
    }
  }

  /** Waits for the trial: a document that says there is no KVM because nobody has tried yet would be wrong. */
  async #usable(capabilities: QemuCapabilities, signal: AbortSignal): Promise<readonly Accelerator[]> {
    return usableAccelerators(capabilities, await abortable(this.#options.accelerators.verdict(capabilities), signal));
  }
}

/** A relative path would be looked up from wherever this process happens to stand. */
function absolute(emulator: string): string {
  if (path.isAbsolute(emulator)) return emulator;
  throw new VireoError('INVALID_ARG', `the path of the emulator '${emulator}' is not absolute`, { details: { emulator } });
}
