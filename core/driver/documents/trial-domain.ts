/**
 * Answers "would this driver start a domain that has this?" by going the way of a start up to the command line: parse,
 * complete, check, build. What the documents say can therefore not drift from what the driver does, in neither
 * direction. No file is opened and no process started: the paths of a trial are nobody's.
 */
import { setImmediate } from 'node:timers/promises';
import { completeDefinition } from '../../address/complete-definition.ts';
import { VireoError } from '../../base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { domainType } from '../../capabilities/documents/usable-accelerators.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import type { CommandLine } from '../../command/command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import type { CommandFragment } from '../../devices/command-fragment.ts';
import { deviceTypeOf } from '../../devices/controller/controller-model.ts';
import { parseDomain } from '../../devices/domain-xml.ts';
import type { InstalledFirmware } from '../../firmware/choose-firmware.ts';
import type { LaunchContext } from '../../devices/launch-context.ts';

/** Pieces of XML that are put into an otherwise bare domain. */
export interface TrialParts {
  /** Children of `<domain>`, such as `<cpu mode='maximum'/>`. */
  readonly domain?: string;
  /** Attributes of `<os>`, with a blank before. */
  readonly osAttributes?: string;
  /** Children of `<os>`. */
  readonly os?: string;
  /** Children of `<features>`. */
  readonly features?: string;
  /** Children of `<devices>`. */
  readonly devices?: string;
}

/** Options of QEMU that exist only where their subsystem was compiled in, and that QEMU then describes. */
const describedOptions = new Set(['vnc', 'chardev', 'netdev']);

export class TrialDomain {
  readonly #machine: string;
  readonly #launch: LaunchContext;

  readonly #firmware: InstalledFirmware;

  constructor(capabilities: QemuCapabilities, machine: string, accelerator: Accelerator, firmware: InstalledFirmware = { descriptors: [], nvramFolder: '/trial' }) {
    this.#firmware = firmware;
    const runFolder = '/run/trial';
    this.#machine = machine;
    this.#launch = { capabilities, accelerator, runFolder, logFolder: runFolder, monitorPath: `${runFolder}/m`, pidFile: `${runFolder}/pid` };
  }

  /** Whether a domain with one of these is accepted; lets other work of the process in between. */
  async accepts(variants: readonly TrialParts[]): Promise<boolean> {
    for (const parts of variants) {
      await setImmediate();
      if (this.commandLine(parts)) return true;
    }
    return false;
  }

  /** What QEMU would be started with; null where the driver refuses the domain or this QEMU lacks something of it. */
  commandLine(parts: TrialParts): CommandLine | null {
    try {
      const commandLine = this.#build(parts);
      return commandLine.fragments.every((fragment) => this.#isProvided(fragment)) ? commandLine : null;
    } catch (error) {
      if (error instanceof VireoError && (error.code === 'CONFIG_UNSUPPORTED' || error.code === 'XML_ERROR')) return null;
      throw error;
    }
  }

  #build(parts: TrialParts): CommandLine {
    const { capabilities, accelerator } = this.#launch;
    const parsed = parseDomain(trialXml(domainType(accelerator), parts), { source: 'trial' });
    const os = { ...parsed.os, type: { ...parsed.os.type, arch: capabilities.arch, machine: this.#machine } };
    const completed = completeDefinition({ ...parsed, os }, {
      capabilities,
      newUuid: () => '00000000-0000-4000-8000-000000000000',
      newMac: () => '52:54:00:00:00:01',
      firmware: this.#firmware,
    });
    return buildCommandLine(liveDefinition(completed, this.#launch), this.#launch);
  }

  #isProvided(fragment: CommandFragment): boolean {
    const { deviceTypes, objectTypes, commandLineOptions } = this.#launch.capabilities;
    if (fragment.form === 'json') {
      const has = (types: ReadonlySet<string>, key: string): boolean => typeof fragment.value[key] === 'string' && types.has(deviceTypeOf(fragment.value[key]));
      if (fragment.option === 'device') return has(deviceTypes, 'driver');
      return fragment.option !== 'object' || has(objectTypes, 'qom-type');
    }
    return fragment.form !== 'keys' || !describedOptions.has(fragment.option) || commandLineOptions.has(fragment.option);
  }
}

/** No balloon, which every domain has otherwise: a machine without PCI would refuse the domain for it. */
function trialXml(type: string, { domain = '', osAttributes = '', os = '', features = '', devices = '' }: TrialParts): string {
  return `<domain type='${type}'><name>trial</name><memory unit='MiB'>64</memory>${domain}`
    + `<os${osAttributes}><type>hvm</type>${os}</os><features><acpi/>${features}</features>`
    + `<devices><memballoon model='none'/>${devices}</devices></domain>`;
}
