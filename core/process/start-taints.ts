/** The taints that a run begins with, as qemuDomainObjCheckTaint of libvirt 11.3 sees them. */
import { stat } from 'node:fs/promises';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type Taint, taint } from '../domain/taints.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import type { StartState } from './start-state.ts';

/** After the monitor is there: QEMU itself says which of its CPUs are deprecated. */
export async function markTaints({ context, domain, live, launch, identity, job, taints }: StartState): Promise<void> {
  const { definition } = live;
  for (const name of taints) await taint(context, domain, live, name);
  for (const name of taintsOf(definition, { capabilities: launch.capabilities, userId: identity?.uid ?? launch.userId ?? -1 })) await taint(context, domain, live, name);
  if (await hasOpticalDrive(definition)) await taint(context, domain, live, 'cdrom-passthrough');
  const { value: isOld } = await job.nest((monitor) => hasDeprecatedCpu(definition, launch.capabilities, monitor));
  if (isOld) await taint(context, domain, live, 'deprecated-config');
}

/** What the definition itself says; `userId` is whom QEMU runs as. The host's own CPU taints no guest that begins here: it goes nowhere else (see libvirt). */
export function taintsOf(definition: DomainDefinition, { capabilities, userId }: { readonly capabilities: QemuCapabilities; readonly userId: number }): readonly Taint[] {
  const { commandline, qemuCapabilities, override, os, devices } = definition;
  const hasRawDisk = devicesOf(devices, 'disk').some(({ rawio }) => rawio === true);
  const hasRawDevice = devicesOf(devices, 'hostdev').some((hostdev) => 'rawio' in hostdev && hostdev.rawio === true);
  const machine = capabilities.machines.find(({ name, alias }) => name === os.type.machine || alias === os.type.machine);
  const found: readonly (readonly [Taint, boolean])[] = [
    ['high-privileges', userId === 0 || hasRawDisk || hasRawDevice],
    ['custom-argv', commandline !== null && commandline.arguments.length + commandline.environment.length > 0],
    ['custom-device', override.length > 0],
    ['custom-hypervisor-feature', qemuCapabilities !== null && qemuCapabilities.add.length + qemuCapabilities.del.length > 0],
    ['deprecated-config', machine?.deprecated ?? false],
    ['shell-scripts', devicesOf(devices, 'interface').some(({ script, downscript }) => script !== null || downscript !== null)],
    ['custom-dtb', os.dtb !== null],
  ];
  return found.filter(([, applies]) => applies).map(([name]) => name);
}

/** By the binary: the answer takes QEMU 40 ms, and it is the same for every guest. */
const deprecatedCpus = new WeakMap<QemuCapabilities, ReadonlySet<string>>();

async function hasDeprecatedCpu({ cpu }: DomainDefinition, capabilities: QemuCapabilities, monitor: WriteMonitor): Promise<boolean> {
  const model = cpu?.mode === 'custom' ? cpu.model?.name : null;
  if (!model) return false;
  let known = deprecatedCpus.get(capabilities);
  if (!known) {
    const models = await monitor.execute('query-cpu-definitions').catch(() => []); // not every target has it
    known = new Set(models.filter(({ deprecated }) => deprecated).map(({ name }) => name));
    deprecatedCpus.set(capabilities, known);
  }
  return known.has(model);
}

/** Linux's major number of SCSI optical drives. */
const opticalMajor = 11;

/** A drive of the host itself, and not a medium in a file. */
async function hasOpticalDrive({ devices }: DomainDefinition): Promise<boolean> {
  for (const { device, backend } of devicesOf(devices, 'disk')) {
    if (device !== 'cdrom' || backend.type !== 'block' || !backend.source?.dev) continue;
    const facts = await stat(backend.source.dev).catch(() => null);
    if (facts?.isBlockDevice() && Math.floor(facts.rdev / 256) === opticalMajor) return true;
  }
  return false;
}
