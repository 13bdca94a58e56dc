/** For tests of single kinds of device: some devices in a bare domain, completed and rendered for a recorded QEMU. */
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import type { QemuCapabilities } from '../../core/capabilities/qemu-capabilities.ts';
import type { CommandLine } from '../../core/command/command-line.ts';
import type { DomainDefinition } from '../../core/conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../../core/devices/domain-xml.ts';
import { complete, goldenLaunch, recordedCapabilities } from '../golden/golden-launch.ts';

export interface BareDomain {
  readonly machine?: string;
  /** Elements beside <devices>. */
  readonly beside?: string;
  /** What is different from the recorded QEMU. */
  readonly capabilities?: Partial<QemuCapabilities>;
}

export interface DeviceRenderer {
  /** Throws what a definition with these devices is refused for. */
  readonly define: (devices: string, domain?: BareDomain) => DomainDefinition;
  /** One text for each option of QEMU: `-device {...}`; single words stand alone. */
  readonly options: (devices: string, domain?: BareDomain) => readonly string[];
  /** The variables that QEMU's libraries are given. */
  readonly environment: (devices: string, domain?: BareDomain) => Readonly<Record<string, string>>;
  /** The lines of the completed document's devices, without their indentation. */
  readonly lines: (devices: string, domain?: BareDomain) => readonly string[];
}

export const runFolder = '/run/vireo/0badc0de';

/** @param machine of the domains that name none. */
export async function deviceRenderer(arch = 'x86_64', machine = 'q35'): Promise<DeviceRenderer> {
  const recorded = await recordedCapabilities(arch);
  const capabilitiesOf = (domain: BareDomain): QemuCapabilities => ({ ...recorded, ...domain.capabilities });
  const define = (devices: string, domain: BareDomain = {}): DomainDefinition => {
    const document = `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory><os><type arch='${arch}' machine='${domain.machine ?? machine}'>hvm</type></os>${domain.beside ?? ''}<devices>${devices}</devices></domain>`;
    return complete(parseDomain(document), capabilitiesOf(domain));
  };
  const commandLine = (devices: string, domain: BareDomain = {}): CommandLine => {
    const launch = goldenLaunch(capabilitiesOf(domain), runFolder);
    return buildCommandLine(liveDefinition(define(devices, domain), launch), launch);
  };
  return {
    define,
    options: (devices, domain) =>
      commandLine(devices, domain).argv.reduce<string[]>((options, word) => (word.startsWith('-') ? [...options, word] : [...options.slice(0, -1), `${options.at(-1)} ${word}`]), []),
    environment: (devices, domain) => commandLine(devices, domain).environment,
    lines: (devices, domain) => formatDomain(define(devices, domain), { form: 'inactive', secure: true }).split('\n').map((line) => line.trim()),
  };
}
