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

/** Programs that run an architecture beside its own, which is looked for first. */
const alsoRunBy: Readonly<Record<string, readonly string[]>> = { i686: ['x86_64'], armv7l: ['aarch64'], ppc64le: ['ppc64'] };

/** QEMU's names of the programs that run an architecture, in order of preference. */
export function qemuNames(arch: string): readonly string[] {
  return [guestArchitectures.get(arch)?.qemuName ?? arch, ...(alsoRunBy[arch] ?? [])];
}

/** Where each was found; looked at again each time, because a package may go. */
const found = new Map<string, string>();

/** Path of qemu-system-ARCH. @throws CONFIG_UNSUPPORTED naming what was looked for and where. */
export async function findEmulator(arch: string | null): Promise<string> {
  const names = qemuNames(arch ?? hostArchitecture()).map((name) => `qemu-system-${name}${process.platform === 'win32' ? '.exe' : ''}`);
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...(usualFolders[process.platform] ?? [])].filter((folder) => path.isAbsolute(folder));
  for (const name of names) {
    const file = await findIn(folders, name);
    if (file !== null) return file;
  }
  throw new VireoError('CONFIG_UNSUPPORTED', `${names.join(' or ')} is not installed: it is in none of the folders of PATH`, { details: { name: names[0], folders } });
}

async function findIn(folders: readonly string[], name: string): Promise<string | null> {
  const known = found.get(name);
  if (known !== undefined && (await isExecutable(known))) return known;
  for (const folder of folders) {
    const candidate = path.join(folder, name);
    if (!(await isExecutable(candidate))) continue;
    found.set(name, candidate);
    return candidate;
  }
  return null;
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(() => true, () => false);
}
