/** The QEMUs of this machine, asked what they can do; those of architectures that no file names are left alone. */
import { access, constants } from 'node:fs/promises';
import { systemClock } from '../core/base/clock.ts';
import { silentLog } from '../core/base/log.ts';
import { probeCapabilities } from '../core/capabilities/probe.ts';
import { spawnProbe } from '../core/capabilities/spawn-probe.ts';
import type { Emulator } from './examine-document.ts';

const folders = ['/usr/bin', '/usr/libexec', '/usr/local/bin', '/opt/homebrew/bin'];
/** Where QEMU's name of a target is not libvirt's. */
const targets: Readonly<Record<string, string>> = { i686: 'i386', armv7l: 'arm', ppc64le: 'ppc64' };
const probeMs = 20_000;

/** One after the other: a probe is short and wants the machine for itself. */
export async function installedEmulators(architectures: Iterable<string>): Promise<readonly Emulator[]> {
  const found: Emulator[] = [];
  for (const arch of architectures) {
    const binary = await findBinary(arch);
    if (binary === null) continue;
    const options = { spawn: spawnProbe, clock: systemClock, log: silentLog, signal: AbortSignal.timeout(probeMs), deadlineMs: probeMs };
    try {
      found.push({ installed: true, capabilities: { key: `installed-${arch}`, binary, ...(await probeCapabilities(binary, options)) } });
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return found;
}

async function findBinary(arch: string): Promise<string | null> {
  if (!/^[a-z0-9_]+$/.test(arch)) return null;
  for (const folder of folders) {
    const binary = `${folder}/qemu-system-${targets[arch] ?? arch}`;
    if (await access(binary, constants.X_OK).then(() => true, () => false)) return binary;
  }
  return null;
}
