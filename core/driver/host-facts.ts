/** What a host is and what works on it: the first thing that a person sees, and where a problem is explained. */
import { access, constants } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { readTextIfThere, writeAtomic } from '../base/atomic-file.ts';
import { asVireoError } from '../base/errors.ts';
import type { AcceleratorChoice, AcceleratorVerdict } from '../capabilities/accelerator.ts';
import type { CapabilitiesCache } from '../capabilities/cache.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { type StateLayout } from '../status/state-folder.ts';
import { findSampleGuest } from '../storage/sample-guest.ts';
import { findEmulator } from './emulators.ts';

/** How QEMU is installed on each system; one command a person can run as it stands. */
const installCommands: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'sudo apt-get install qemu-system-x86 qemu-utils (Debian, Ubuntu), sudo dnf install qemu-kvm qemu-img (Fedora), sudo pacman -S qemu-base (Arch)',
  darwin: 'brew install qemu',
  win32: 'winget install SoftwareFreedomConservancy.QEMU',
};

export type QemuFacts =
  | { readonly found: true; readonly binary: string; readonly version: string; readonly package: string; readonly arch: string }
  | { readonly found: false; readonly reason: string; readonly remedy: string };

export interface AcceleratorFacts {
  readonly name: string;
  readonly reason: string | null;
  readonly remedy: string | null;
}

export interface HostFacts {
  readonly qemu: QemuFacts;
  /** Null while it is still being tried. */
  readonly accelerator: AcceleratorFacts | null;
  readonly stateFolder: { readonly path: string; readonly writable: boolean };
  readonly sampleGuest: { readonly available: true; readonly version: string } | { readonly available: false; readonly reason: string };
}

/** Asked once at the start and again when somebody looks: files and packages come and go. */
export class HostSurvey {
  readonly #layout: StateLayout;
  readonly #capabilities: CapabilitiesCache;
  readonly #accelerators: AcceleratorChoice;
  #verdict: AcceleratorVerdict | null = null;

  constructor(layout: StateLayout, capabilities: CapabilitiesCache, accelerators: AcceleratorChoice) {
    this.#layout = layout;
    this.#capabilities = capabilities;
    this.#accelerators = accelerators;
  }

  /** Tries the accelerator in the background; resolves when the verdict is there. */
  async tryAccelerator(): Promise<AcceleratorVerdict | null> {
    const capabilities = await this.hostCapabilities().catch(() => null);
    if (!capabilities) return null;
    this.#verdict = await this.#accelerators.verdict(capabilities);
    return this.#verdict;
  }

  /** The QEMU that runs guests of this machine's own architecture. */
  async hostCapabilities(): Promise<QemuCapabilities> {
    return this.#capabilities.get(await findEmulator(null));
  }

  async look(): Promise<HostFacts> {
    const [qemu, sample, writable] = await Promise.all([this.#qemu(), findSampleGuest(), isWritable(this.#layout.root)]);
    return {
      qemu,
      accelerator: this.#verdict && describeVerdict(this.#verdict),
      stateFolder: { path: this.#layout.root, writable },
      sampleGuest: 'missing' in sample ? { available: false, reason: sample.missing } : { available: true, version: sample.version },
    };
  }

  async #qemu(): Promise<QemuFacts> {
    try {
      const { binary, version, arch } = await this.hostCapabilities();
      return { found: true, binary, version: `${version.major}.${version.minor}.${version.micro}`, package: version.package, arch };
    } catch (error) {
      return { found: false, reason: asVireoError(error).message, remedy: installCommands[process.platform] ?? 'install QEMU 7.2 or newer' };
    }
  }
}

function describeVerdict(verdict: AcceleratorVerdict): AcceleratorFacts {
  const emulated = verdict.accelerator === 'tcg';
  return {
    name: verdict.accelerator,
    reason: `${verdict.reason}.`,
    remedy: emulated ? 'Guests are emulated: they work, slower. For full speed switch on virtualization in the firmware and give your user access to it.' : null,
  };
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(() => true, () => false);
}

/** The identity of the state folder, made once: two hosts on one machine are two hosts. */
export async function hostUuid(layout: StateLayout): Promise<string> {
  const known = (await readTextIfThere(layout.hostUuidFile))?.trim();
  if (known && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(known)) return known;
  const fresh = randomUUID();
  await writeAtomic(layout.hostUuidFile, `${fresh}\n`);
  return fresh;
}
