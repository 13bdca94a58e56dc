/** Which QEMU runs the domain and how fast, and where this run has its files. */
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { findScsiGenerics } from '../devices/hostdev/scsi-generics.ts';
import { hasVhostNet, mayMakeTaps } from './host-needs.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import type { ProcessContext } from './process-context.ts';
import type { StartState } from './start-state.ts';

export async function chooseEmulator(start: StartState): Promise<void> {
  const { context, domain, definition } = start;
  if (!definition.emulator) throw new VireoError('CONFIG_UNSUPPORTED', 'the domain names no emulator and none is installed', { domain: domain.identity });
  const capabilities = await context.capabilities.get(definition.emulator);
  const accelerator = await acceleratorFor(context, definition, capabilities);
  const runFolder = context.runFolder(domain.uuid);
  start.launch = {
    capabilities,
    accelerator,
    runFolder,
    logFolder: context.logFolder(domain.uuid),
    domainFolder: context.domainFolder(domain.uuid),
    scsiGenerics: await findScsiGenerics(definition),
    monitorPath: path.join(runFolder, 'm'),
    pidFile: path.join(runFolder, 'pid'),
    mayMakeTaps: await mayMakeTaps(),
    hasVhostNet: await hasVhostNet(),
    userId: process.geteuid?.() ?? -1,
    displays: context.settings,
    ...sessionFolder(),
  };
}

/** QEMU itself is given a folder of its own for what belongs into the session's. */
function sessionFolder(): Pick<LaunchContext, 'sessionFolder'> {
  const folder = process.env['XDG_RUNTIME_DIR'];
  return folder && path.isAbsolute(folder) ? { sessionFolder: folder } : {};
}

/** `type='kvm'` means KVM and nothing else; `type='qemu'` is emulation. */
async function acceleratorFor(context: ProcessContext, definition: DomainDefinition, capabilities: QemuCapabilities): Promise<Accelerator> {
  if (definition.type === 'qemu') return 'tcg';
  const wanted = definition.type as Accelerator;
  if (!capabilities.accelerators.includes(wanted)) {
    throw new VireoError('CONFIG_UNSUPPORTED', `the emulator ${capabilities.binary} does not provide domain type '${definition.type}'`);
  }
  const verdict = await context.accelerators.forStart(capabilities);
  if (verdict.accelerator !== wanted) {
    throw new VireoError('CONFIG_UNSUPPORTED', `domain type '${definition.type}' is not usable on this host (${verdict.reason}); type='qemu' runs everywhere, slower`);
  }
  return wanted;
}
