/** What the host offers beyond emulation, one answer for each operating system: the seam that tests replace. */
import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { isSystemError } from '../base/errors.ts';
import type { Accelerator } from './qemu-capabilities.ts';

export interface HostAcceleration {
  /** Null where there is nothing to try. */
  readonly accelerator: Exclude<Accelerator, 'tcg'> | null;
  /** As people know it, to begin a sentence with. */
  readonly name: string;
  /** Architectures, in libvirt's spelling, whose guests it can run. */
  readonly guestArchs: readonly string[];
  /** Why it need not be tried, to follow the name; null where only a trial can tell. Costs next to nothing. */
  obstacle(): Promise<string | null>;
  /** For what a verdict holds: another boot or another device is another host. Null where that cannot be told. */
  identity(): Promise<string | null>;
}

/** The host that this process runs on. */
export function hostAcceleration(platform: NodeJS.Platform = process.platform, arch: string = process.arch): HostAcceleration {
  const guestArchs = arch === 'x64' ? ['x86_64', 'i686'] : arch === 'arm64' ? ['aarch64'] : [arch];
  const elsewhere = { guestArchs, obstacle: () => Promise.resolve(null), identity: () => Promise.resolve(null) };
  switch (platform) {
    case 'linux':
      return { accelerator: 'kvm', name: 'KVM', guestArchs, obstacle: kvmObstacle, identity: kvmIdentity };
    case 'darwin':
      return { ...elsewhere, accelerator: 'hvf', name: 'Hypervisor.framework' };
    case 'win32':
      return { ...elsewhere, accelerator: 'whpx', name: 'Windows Hypervisor Platform' };
    default:
      return { ...elsewhere, accelerator: null, name: 'Acceleration' };
  }
}

const kvmDevice = '/dev/kvm';

async function kvmObstacle(): Promise<string | null> {
  try {
    await (await open(kvmDevice, constants.O_RDWR)).close();
    return null;
  } catch (error) {
    const code = isSystemError(error) ? error.code : String(error);
    if (code === 'ENOENT') return `this host has no ${kvmDevice}`;
    if (code === 'EACCES' || code === 'EPERM') return `${kvmDevice} cannot be opened, permission denied: is this user in the group kvm?`;
    return `${kvmDevice} cannot be opened (${code})`;
  }
}

async function kvmIdentity(): Promise<string | null> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const { dev, ino, rdev } = await stat(kvmDevice);
    return `${boot} ${dev}:${ino}:${rdev}`;
  } catch {
    return null;
  }
}
