/** `-cpu`: the model, what differs from it, and what timers and features say about the processor. */
import { VireoError } from '../base/errors.ts';
import type { Accelerator } from '../capabilities/qemu-capabilities.ts';
import { timerOf } from '../conf/clock.ts';
import { type CpuDefinition, namesModel } from '../conf/cpu.ts';
import { qemuFeature } from '../conf/cpu-feature-names.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { type CommandFragment, keyed } from '../devices/command-fragment.ts';
import { hypervKeys, isImplicitlyOff, kvmKeys } from './cpu-features.ts';

type CpuKeys = Readonly<Record<string, string | number | boolean | null>>;

/** Nothing where the definition leaves the processor to QEMU. */
export function cpuFragments(live: DomainDefinition, accelerator: Accelerator): readonly CommandFragment[] {
  const { cpu, features, os } = live;
  const model = cpuModelOf(live, accelerator);
  const keys: CpuKeys = {
    ...modelKeys(cpu, os.type.arch, accelerator),
    ...timerKeys(live),
    ...(isX86(os.type.arch) ? { ...hypervKeys(features.hyperv), 'hv-crash': hasHypervPanic(live) ? true : null, ...kvmKeys(features) } : {}),
    // A pSeries guest always has one, and QEMU no switch for it.
    pmu: os.type.arch?.startsWith('ppc64') ? null : features.pmu,
    // KVM runs 32-bit guests on 64-bit processors when it is told to.
    aarch64: os.type.arch === 'armv7l' && model === 'host' ? false : null,
    ...cacheKeys(cpu),
    ...addressKeys(cpu),
  };
  if (model === null && Object.values(keys).every((value) => value === null)) return [];
  return [keyed('cpu', model ?? defaultModel(os.type.arch), keys)];
}

/** The model by QEMU's name, null where the definition names none. */
export function cpuModelOf({ cpu }: DomainDefinition, accelerator: Accelerator): string | null {
  return cpu && namesModel(cpu) ? cpuModel(cpu, accelerator) : null;
}

function isX86(arch: string | null): boolean {
  return arch === 'x86_64' || arch === 'i686';
}

function defaultModel(arch: string | null): string {
  if (arch === 'x86_64') return 'qemu64';
  if (arch === 'i686') return 'qemu32';
  throw new VireoError('CONFIG_UNSUPPORTED', `features of the CPU need a CPU model on arch '${arch ?? ''}'`);
}

/** Without hardware acceleration there is no host CPU to show; `max` is all that can be emulated. */
function cpuModel(cpu: CpuDefinition, accelerator: Accelerator): string {
  switch (cpu.mode) {
    case 'host-passthrough':
      if (accelerator === 'tcg') throw new VireoError('CONFIG_UNSUPPORTED', `CPU mode 'host-passthrough' needs hardware acceleration; 'maximum' works without`);
      return 'host';
    case 'host-model':
      return accelerator === 'tcg' ? 'max' : 'host';
    case 'maximum':
      return 'max';
    case 'custom':
      // The model is the least that the guest is to have; it gets all that there is.
      if (cpu.match === 'minimum') return accelerator === 'tcg' ? 'max' : 'host';
      return cpu.model?.name ?? '';
  }
}

function modelKeys(cpu: CpuDefinition | null, arch: string | null, accelerator: Accelerator): CpuKeys {
  if (!cpu) return {};
  const switches: Record<string, boolean> = {};
  for (const { policy, name } of cpu.features) {
    const needed = policy === 'force' || policy === 'require';
    // On x86 QEMU leaves out what the host cannot do, with a warning; on other boards it would not start.
    const wished = policy === 'optional' && isX86(arch);
    if (policy === 'optional' && !wished) continue;
    if (needed || !isImplicitlyOff(name)) switches[qemuFeature(arch, name)] = needed || wished;
  }
  const canBeMigratable = cpu.mode !== 'custom' && isX86(arch) && (accelerator === 'kvm' || cpu.mode === 'maximum');
  return { migratable: canBeMigratable ? cpu.migratable : null, vendor: cpu.model?.vendorId ?? null, ...switches };
}

function timerKeys({ clock }: DomainDefinition): CpuKeys {
  const arm = timerOf(clock, 'armvtimer')?.tickpolicy ?? null;
  return {
    kvmclock: timerOf(clock, 'kvmclock')?.present ?? null,
    'hv-time': timerOf(clock, 'hypervclock')?.present ? true : null,
    'tsc-frequency': timerOf(clock, 'tsc')?.frequencyHz || null,
    'kvm-no-adjvtime': arm === 'delay' ? false : arm === 'discard' ? true : null,
  };
}

function hasHypervPanic({ devices }: DomainDefinition): boolean {
  return devicesOf(devices, 'panic').some(({ model }) => model === 'hyperv');
}

function cacheKeys(cpu: CpuDefinition | null): CpuKeys {
  if (!cpu?.cache) return {};
  const { mode } = cpu.cache;
  const showsHost = cpu.mode === 'host-passthrough' || cpu.mode === 'maximum';
  return {
    'l3-cache': mode === 'emulate',
    'host-cache-info': mode === 'passthrough' ? true : showsHost ? false : null,
  };
}

function addressKeys(cpu: CpuDefinition | null): CpuKeys {
  const address = cpu?.physicalAddress;
  if (!address) return {};
  if (address.mode === 'passthrough') return { 'host-phys-bits': true, 'host-phys-bits-limit': address.limit || null };
  return address.bits ? { 'phys-bits': address.bits } : { 'host-phys-bits': false };
}
