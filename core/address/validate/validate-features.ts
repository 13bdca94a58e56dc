/** Features that only some boards and accelerators have. */
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { HypervDefinition } from '../../conf/features.ts';
import { type Board, boardOf } from '../../conf/machine-family.ts';
import { unsupported } from './refusals.ts';

/** The fewest attempts at a spin lock that Hyper-V's interface knows. */
const fewestSpins = 0xfff;

export function validateFeatures(definition: DomainDefinition, capabilities: QemuCapabilities): void {
  const { features, type, os, clock } = definition;
  const board = boardOf(os.type);
  refuseForeign(definition, board);
  if (features.acpi && !canHaveAcpi(board)) unsupported(`machine '${os.type.machine}' does not have the feature acpi`);
  // Without KVM QEMU passes over the others.
  if (features.hyperv?.vpindex && type === 'qemu') unsupported("hyperv 'vpindex' needs hardware acceleration, which a domain of type 'qemu' does not have");
  if (features.hyperv && type === 'kvm') validateHyperv(features.hyperv, clock.timers.some(({ name, present }) => name === 'hypervclock' && present !== false));
  if (features.vmport && features.ps2 === false) unsupported('feature vmport needs the feature ps2, which is off');
  if (features.vmcoreinfo && !capabilities.deviceTypes.has('vmcoreinfo')) unsupported('this QEMU has no vmcoreinfo device for the feature vmcoreinfo');
  if (definition.genid && !capabilities.deviceTypes.has('vmgenid')) unsupported('this QEMU has no vmgenid device for genid');
  if (features.tcg && type !== 'qemu') unsupported(`feature tcg does nothing for domain type '${type}'`);
  if ((features.tcg?.translationCacheKiB ?? 0) % 1024 !== 0) unsupported('feature tcg: tb-cache must be whole MiB');
  if (features.asyncTeardown && !capabilities.commandLineOptions.has('run-with')) unsupported('this QEMU cannot do async-teardown');
  validateTseg(definition, board);
  const ring = features.kvm?.dirtyRing;
  if (ring?.state && !isPowerOfTwo(ring.size ?? 0, 1024, 65_536)) unsupported(`feature kvm: dirty-ring has the size ${ring.size ?? 0}; powers of two from 1024 to 65536 are possible`);
}

function isPowerOfTwo(value: number, minimum: number, maximum: number): boolean {
  return value >= minimum && value <= maximum && (value & (value - 1)) === 0;
}

/** What QEMU would not know, or would ignore, on a board of another kind. */
function refuseForeign({ features, os }: DomainDefinition, board: Board): void {
  const isX86 = os.type.arch === 'x86_64' || os.type.arch === 'i686';
  const refuse = (name: string, given: boolean, fits: boolean): void => {
    if (given && !fits) unsupported(`feature '${name}' is not supported for architecture '${os.type.arch}' or machine type '${os.type.machine}'`);
  };
  const isPseries = board.name === 'pseries';
  const isPc = board.name === 'q35' || board.name === 'i440fx' || board.name === 'isapc';
  const pseriesOnly = { hpt: features.hpt, htm: features.htm, 'nested-hv': features.nestedHv, 'ccf-assist': features.ccfAssist, cfpc: features.cfpc, sbbc: features.sbbc, ibs: features.ibs };
  for (const [name, value] of Object.entries(pseriesOnly)) refuse(name, value !== null, isPseries);
  refuse('ioapic', features.ioapic !== null, isX86);
  refuse('gic', features.gic !== null, board.name === 'arm-virt');
  refuse('vmport', features.vmport !== null, isPc);
  refuse('apic eoi', typeof features.apic?.eoi === 'boolean', isX86);
  refuse('pvspinlock', features.pvspinlock !== null, isX86);
  refuse('hyperv', features.hyperv !== null, isX86 || board.name === 'arm-virt');
  refuse('ps2', features.ps2 !== null, isPc);
  refuse('ras', features.ras !== null, board.name === 'arm-virt');
  refuse('aia', features.aia !== null, board.name === 'riscv-virt');
  refuse('pmu', features.pmu === false, !os.type.arch?.startsWith('ppc64'));
  refuse('smm', features.smm !== null, isPc || board.name === 'microvm');
}

/** POWER firmware passes over the wish, and libvirt's users have it in their definitions. */
function canHaveAcpi({ name }: Board): boolean {
  return name !== 'arm-other' && name !== 'versatilepb';
}

/** An enlightenment that rests on another one; QEMU names only the first that is missing, and in its own words. */
function validateHyperv(hyperv: HypervDefinition, hasClock: boolean): void {
  if (hyperv.mode === 'passthrough') return;
  const { spinlocks } = hyperv;
  if (spinlocks?.state && (spinlocks.retries ?? fewestSpins) < fewestSpins) unsupported(`hyperv spinlocks has ${spinlocks.retries} retries; it needs at least ${fewestSpins}`);
  const needs = (name: string, given: boolean | null | undefined, other: string, otherGiven: boolean | null | undefined): void => {
    if (given && !otherGiven) unsupported(`hyperv '${name}' needs '${other}'`);
  };
  needs('synic', hyperv.synic, 'vpindex', hyperv.vpindex);
  needs('stimer', hyperv.stimer?.state, 'synic', hyperv.synic);
  needs('stimer', hyperv.stimer?.state, 'hypervclock timer', hasClock);
  needs('tlbflush', hyperv.tlbflush?.state, 'vpindex', hyperv.vpindex);
  needs('ipi', hyperv.ipi, 'vpindex', hyperv.vpindex);
}

function validateTseg({ features, os }: DomainDefinition, board: Board): void {
  const bytes = features.smm?.tsegBytes ?? null;
  if (bytes === null) return;
  if (board.name !== 'q35') unsupported(`smm/tseg is for q35 machines, not for '${os.type.machine}'`);
  if (bytes % 2 ** 20 !== 0) unsupported(`smm/tseg of ${bytes} bytes is not a whole number of MiB`);
}
