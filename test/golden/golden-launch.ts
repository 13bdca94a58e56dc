/** Recorded capabilities of QEMU 7.2.22 (Debian 12) for each architecture, and a run with paths that are the same everywhere. */
import { readFile } from 'node:fs/promises';
import { completeDefinition } from '../../core/address/complete-definition.ts';
import type { QemuCapabilities } from '../../core/capabilities/qemu-capabilities.ts';
import { parseCapabilities } from '../../core/capabilities/stored-capabilities.ts';
import type { DomainDefinition } from '../../core/conf/domain-definition.ts';
import { parseDomain } from '../../core/devices/domain-xml.ts';
import type { LaunchContext } from '../../core/devices/launch-context.ts';

export const goldenFolder = new URL('.', import.meta.url).pathname;

/** Recorded with the product's own probe from qemu-system-ARCH; those of other architectures without the types of their CPUs. */
export async function recordedCapabilities(arch = 'x86_64'): Promise<QemuCapabilities> {
  const file = arch === 'x86_64' ? 'capabilities-7.2.json' : `capabilities-7.2-${arch}.json`;
  const capabilities = parseCapabilities(await readFile(`${goldenFolder}${file}`, 'utf8'), 'qemu-7.2');
  if (!capabilities) throw new Error('the recorded capabilities do not parse');
  return capabilities;
}

/** The capabilities for what a case is written for. */
export async function capabilitiesFor(xml: string): Promise<QemuCapabilities> {
  return recordedCapabilities(parseDomain(xml).os.type.arch ?? 'x86_64');
}

export function goldenLaunch(capabilities: QemuCapabilities, runFolder = '/run/vireo/0badc0de', logFolder = '/var/log/vireo/golden'): LaunchContext {
  return { capabilities, accelerator: 'tcg', runFolder, logFolder, monitorPath: `${runFolder}/m`, pidFile: `${runFolder}/pid` };
}

/** Completes with a UUID and MAC addresses that are the same in every run. */
export function complete(definition: DomainDefinition | string, capabilities: QemuCapabilities): DomainDefinition {
  const parsed = typeof definition === 'string' ? parseDomain(definition) : definition;
  let cards = 0;
  return completeDefinition(parsed, {
    capabilities,
    newUuid: () => '11111111-2222-4333-8444-555555555555',
    newMac: () => `52:54:00:00:00:${String((cards += 1)).padStart(2, '0')}`,
  });
}
