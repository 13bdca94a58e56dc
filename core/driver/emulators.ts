/** Finding the QEMU of an architecture where the system keeps its programs. */
import { access, constants } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { guestArchitectures } from '../capabilities/documents/guest-architectures.ts';

/** Node's names of the machine's architecture in libvirt's spelling. */
const hostArchitectures: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', s390x: 's390x', ppc64: 'ppc64', riscv64: 'riscv64' };

export function hostArchitecture(): string {
  return hostArchitectures[os.arch()] ?? os.arch();
}

/** Beside PATH, where package managers and installers put it. */
const usualFolders: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['/usr/bin', '/usr/local/bin'],
  darwin: ['/opt/homebrew/bin', '/usr/local/bin', '/opt/local/bin'],
  win32: ['C:\\Program Files\\qemu'],
};

/** QEMU's name of an architecture where it differs from libvirt's: one binary runs several. */
function qemuName(arch: string): string {
  return guestArchitectures.get(arch)?.qemuName ?? arch;
}

/** Where each was found; looked at again each time, because a package may go. */
const found = new Map<string, string>();

/** Path of qemu-system-ARCH. @throws CONFIG_UNSUPPORTED naming what was looked for and where. */
export async function findEmulator(arch: string | null): Promise<string> {
  const name = `qemu-system-${qemuName(arch ?? hostArchitecture())}${process.platform === 'win32' ? '.exe' : ''}`;
  const known = found.get(name);
  if (known !== undefined && (await isExecutable(known))) return known;
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...(usualFolders[process.platform] ?? [])].filter((folder) => path.isAbsolute(folder));
  for (const folder of folders) {
    const candidate = path.join(folder, name);
    if (!(await isExecutable(candidate))) continue;
    found.set(name, candidate);
    return candidate;
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `${name} is not installed: it is in none of the folders of PATH`, { details: { name, folders } });
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(() => true, () => false);
}
