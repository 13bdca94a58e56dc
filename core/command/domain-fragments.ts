/** The options of QEMU that describe the machine itself: board, CPU, memory, clock, firmware. */
import { VireoError } from '../base/errors.ts';
import type { Accelerator } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { machineFamily } from '../conf/machine-family.ts';
import { type CommandFragment, keyed, plain } from '../devices/command-fragment.ts';

export function machineFragment({ os, features, clock }: DomainDefinition): CommandFragment {
  const hpet = clock.timers.find(({ name }) => name === 'hpet');
  return keyed('machine', os.type.machine, {
    usb: false,
    'dump-guest-core': false,
    vmport: features.vmport?.state ?? null,
    smm: features.smm?.state ?? null,
    acpi: features.acpi ? null : false,
    hpet: hpet?.present === false ? false : null,
  });
}

export function cpuFragments({ cpu, clock }: DomainDefinition, accelerator: Accelerator): readonly CommandFragment[] {
  if (!cpu) return [];
  const flags: Record<string, boolean> = {};
  for (const { policy, name } of cpu.features) flags[name] = policy !== 'disable' && policy !== 'forbid';
  const kvmclock = clock.timers.find(({ name }) => name === 'kvmclock')?.present ?? null;
  return [keyed('cpu', cpuModel(cpu, accelerator), { migratable: cpu.mode === 'custom' ? null : cpu.migratable, kvmclock, ...flags })];
}

/** Without hardware acceleration there is no host CPU to show; `max` is all that can be emulated. */
function cpuModel(cpu: NonNullable<DomainDefinition['cpu']>, accelerator: Accelerator): string {
  switch (cpu.mode) {
    case 'host-passthrough':
      if (accelerator === 'tcg') throw new VireoError('CONFIG_UNSUPPORTED', `CPU mode 'host-passthrough' needs hardware acceleration; 'maximum' works without`);
      return 'host';
    case 'host-model':
      return accelerator === 'tcg' ? 'max' : 'host';
    case 'maximum':
      return 'max';
    case 'custom':
      if (!cpu.model) throw new VireoError('CONFIG_UNSUPPORTED', `CPU mode 'custom' needs a model`);
      return cpu.model.name;
  }
}

export function memoryFragment({ memoryKiB }: DomainDefinition): CommandFragment {
  return keyed('m', null, { size: `${memoryKiB}k` });
}

export function cpuCountFragment({ vcpu, cpu }: DomainDefinition): CommandFragment {
  const { sockets, dies, cores, threads } = cpu?.topology ?? { sockets: vcpu.maximum, dies: 1, cores: 1, threads: 1 };
  const current = vcpu.current ?? vcpu.maximum;
  return keyed('smp', String(current), { maxcpus: current === vcpu.maximum ? null : vcpu.maximum, sockets, dies: dies === 1 ? null : dies, cores, threads });
}

export function clockFragments({ clock, os }: DomainDefinition, accelerator: Accelerator): readonly CommandFragment[] {
  if (clock.offset === 'variable' && (clock.adjustmentSeconds ?? 0) !== 0) {
    throw new VireoError('CONFIG_UNSUPPORTED', `clock offset 'variable' with an adjustment of ${clock.adjustmentSeconds} s is not supported yet`);
  }
  const local = clock.offset === 'localtime' || (clock.offset === 'variable' && clock.basis === 'localtime');
  const policy = (timer: string): string | null => clock.timers.find(({ name }) => name === timer)?.tickpolicy ?? null;
  const rtc = keyed('rtc', null, { base: local ? 'localtime' : 'utc', driftfix: policy('rtc') === 'catchup' ? 'slew' : null });
  const hasPit = accelerator === 'kvm' && machineFamily(os.type.machine ?? '') !== 'other';
  const delayed = hasPit && policy('pit') === 'delay';
  return delayed ? [rtc, plain('global', 'kvm-pit.lost_tick_policy=delay')] : [rtc];
}

export function sleepFragments({ pm, os }: DomainDefinition): readonly CommandFragment[] {
  const controller = machineFamily(os.type.machine ?? '') === 'q35' ? 'ICH9-LPC' : 'PIIX4_PM';
  const states = [['disable_s3', pm?.suspendToMemory], ['disable_s4', pm?.suspendToDisk]] as const;
  return states.flatMap(([property, state]) => (state ? [plain('global', `${controller}.${property}=${state.enabled ? 0 : 1}`)] : []));
}

export function bootFragments({ os }: DomainDefinition): readonly CommandFragment[] {
  const boot = keyed('boot', null, { menu: os.bootmenu?.enable ?? null, 'splash-time': os.bootmenu?.enable ? os.bootmenu.timeoutMs : null, strict: true });
  const direct = [['kernel', os.kernel], ['initrd', os.initrd], ['append', os.cmdline]] as const;
  return [boot, ...direct.flatMap(([option, value]) => (value === null ? [] : [plain(option, value)]))];
}
