/** A small domain around a few devices, with the recorded capabilities of a QEMU: completed, refused or rendered. */
import { VireoError } from '../../core/base/errors.ts';
import type { QemuCapabilities } from '../../core/capabilities/qemu-capabilities.ts';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import { type DeviceKind, type DeviceOf, devicesOf } from '../../core/conf/device-definition.ts';
import type { DomainDefinition } from '../../core/conf/domain-definition.ts';
import type { HostNeed } from '../../core/devices/device-module.ts';
import { formatDomain, parseDomain } from '../../core/devices/domain-xml.ts';
import type { LaunchContext } from '../../core/devices/launch-context.ts';
import { moduleOf } from '../../core/devices/registry.ts';
import { complete, goldenLaunch, recordedCapabilities } from '../golden/golden-launch.ts';

export interface DomainParts {
  readonly devices: string;
  readonly machine?: string;
  readonly type?: string;
  /** Elements of the domain beside name, memory, os and devices. */
  readonly rest?: string;
}

/** A set that holds everything: the device types of a QEMU that was built with all there is. */
class Everything extends Set<string> {
  override has(): boolean {
    return true;
  }
}

export class DeviceWorkbench {
  readonly capabilities: QemuCapabilities;

  constructor(capabilities: QemuCapabilities) {
    this.capabilities = capabilities;
  }

  static async open(arch = 'x86_64'): Promise<DeviceWorkbench> {
    return new DeviceWorkbench(await recordedCapabilities(arch));
  }

  /** The same QEMU with every device and object, at `major`.`minor`. */
  withEverything(major = this.capabilities.version.major, minor = this.capabilities.version.minor): DeviceWorkbench {
    const version = { ...this.capabilities.version, major, minor };
    return new DeviceWorkbench({ ...this.capabilities, version, deviceTypes: new Everything(), objectTypes: new Everything() });
  }

  xml({ devices, machine = this.#machine(), type = 'qemu', rest = '' }: DomainParts): string {
    const memory = rest.includes('<memory') ? '' : '<memory unit="MiB">64</memory>';
    return `<domain type='${type}'><name>x</name>${memory}<os><type arch='${this.capabilities.arch}' machine='${machine}'>hvm</type></os>${rest}<devices>${devices}</devices></domain>`;
  }

  complete(parts: DomainParts): DomainDefinition {
    return complete(this.xml(parts), this.capabilities);
  }

  /** The completed devices of one kind. */
  devices<K extends DeviceKind>(kind: K, parts: DomainParts): readonly DeviceOf<K>[] {
    return devicesOf(this.complete(parts).devices, kind);
  }

  /** Code and message of the refusal. */
  refusal(parts: DomainParts): string {
    try {
      this.complete(parts);
    } catch (error) {
      if (error instanceof VireoError) return `${error.code} ${error.message}`;
      throw error;
    }
    return 'was accepted';
  }

  /** The arguments that match, without their options. */
  arguments(parts: DomainParts, matching: RegExp, more: Partial<LaunchContext> = {}): readonly string[] {
    const launch = { ...goldenLaunch(this.capabilities), ...more };
    return buildCommandLine(liveDefinition(this.complete(parts), launch), launch).argv.filter((argument) => matching.test(argument));
  }

  /** The values of -device and -object that match, parsed. */
  options(parts: DomainParts, matching: RegExp, more: Partial<LaunchContext> = {}): readonly unknown[] {
    return this.arguments(parts, matching, more).map((argument) => JSON.parse(argument) as unknown);
  }

  /** What the devices of one kind need from the host. */
  needs(kind: DeviceKind, parts: DomainParts, more: Partial<LaunchContext> = {}): readonly HostNeed[] {
    const launch = { ...goldenLaunch(this.capabilities), ...more };
    const live = liveDefinition(this.complete(parts), launch);
    return devicesOf(live.devices, kind).flatMap((device) => {
      const { hostNeeds } = moduleOf(device);
      return hostNeeds === 'none' ? [] : hostNeeds(device, launch);
    });
  }

  /** The lines of the elements named `kind` as they are written back, without indentation. */
  written(kind: DeviceKind, parts: DomainParts): string {
    const text = formatDomain(parseDomain(this.xml(parts)), { form: 'inactive', secure: true });
    const elements = text.matchAll(new RegExp(`^ {4}<${kind}\\b(?:[^>\\n]*/>|[\\s\\S]*?^ {4}</${kind}>)$`, 'gm'));
    return [...elements].map(([element]) => element.trim().replaceAll(/\n\s*/g, '')).join('');
  }

  #machine(): string {
    return { x86_64: 'q35', s390x: 's390-ccw-virtio', ppc64: 'pseries', aarch64: 'virt', riscv64: 'virt' }[this.capabilities.arch] ?? '';
  }
}
