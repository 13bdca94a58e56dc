/**
 * What a domain is: libvirt's `<domain>` element as an immutable value. The devices are read by the floor above
 * (core/devices/domain-xml.ts), between the two halves that are declared here in libvirt's order.
 */
import { attribute, child, childFlag, children, childText, type Infer, liveOnly, object, optional, text, unlessDefault, verbatimChild, withDefault } from './codec/codec.ts';
import type { Keeping } from './codec/kept-nodes.ts';
import { anyText, integer, oneOf, onOff, pattern, positive, type Scalar, someText, uuid, yesNo } from './codec/scalar.ts';
import type { DeviceDefinition } from './device-definition.ts';
import { memorySize } from './memory-size.ts';

/** As libvirt: any name that a file could have and a line of a log can hold. */
export const domainName: Scalar<string> = {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  parse: (name) => (/^[^/\u0000-\u001f\u007f]{1,255}$/u.test(name) && name.trim() !== '' && name !== '.' && name !== '..' ? name : undefined),
  format: (name) => name,
  allowed: "1 to 255 characters, not only spaces, without '/' and control characters",
  shape: { type: 'pattern', pattern: /^[a-z0-9,='"&< ]{0,8}[a-z]$/ },
};

const vcpuCodec = object({
  placement: optional(attribute('placement', oneOf(['static']))),
  /** CPUs plugged at start, null for all. */
  current: optional(attribute('current', positive)),
  maximum: text(integer(1, 4096)),
});

const osCodec = object({
  type: child('type', object({ arch: optional(attribute('arch', someText)), machine: optional(attribute('machine', someText)), type: text(someText) })),
  kernel: optional(childText('kernel', someText)),
  initrd: optional(childText('initrd', someText)),
  cmdline: optional(childText('cmdline', anyText)),
  boot: children('boot', object({ dev: attribute('dev', oneOf(['fd', 'hd', 'cdrom', 'network'])) })),
  bootmenu: optional(child('bootmenu', object({ enable: attribute('enable', yesNo), timeoutMs: optional(attribute('timeout', integer(0, 65_535))) }))),
});

const featuresCodec = object({
  acpi: childFlag('acpi'),
  apic: optional(child('apic', object({ eoi: optional(attribute('eoi', onOff)) }))),
  pae: childFlag('pae'),
  vmport: optional(child('vmport', object({ state: attribute('state', onOff) }))),
  smm: optional(child('smm', object({ state: attribute('state', onOff) }))),
});

/** Names that end up as properties of -cpu: nothing that could end one and begin another. */
const cpuWord = pattern(/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/, 'letters, digits, ".", "+", "-" and "_"');

const cpuCodec = object({
  mode: withDefault(attribute('mode', oneOf(['custom', 'host-model', 'host-passthrough', 'maximum'])), 'custom'),
  match: optional(attribute('match', oneOf(['minimum', 'exact', 'strict']))),
  check: optional(attribute('check', oneOf(['none', 'partial', 'full']))),
  migratable: optional(attribute('migratable', onOff)),
  model: optional(child('model', object({ fallback: optional(attribute('fallback', oneOf(['allow', 'forbid']))), name: text(cpuWord) }))),
  topology: optional(
    child('topology', object({
      sockets: attribute('sockets', integer(1, 4096)),
      dies: withDefault(attribute('dies', integer(1, 4096)), 1),
      cores: attribute('cores', integer(1, 4096)),
      threads: attribute('threads', integer(1, 4096)),
    })),
  ),
  features: children('feature', object({ policy: withDefault(attribute('policy', oneOf(['force', 'require', 'optional', 'disable', 'forbid'])), 'require'), name: attribute('name', cpuWord) })),
});

const clockCodec = object({
  offset: withDefault(attribute('offset', oneOf(['utc', 'localtime', 'variable'])), 'utc'),
  adjustmentSeconds: optional(attribute('adjustment', integer(-0x7fff_ffff, 0x7fff_ffff))),
  basis: optional(attribute('basis', oneOf(['utc', 'localtime']))),
  timers: children('timer', object({
    name: attribute('name', oneOf(['rtc', 'pit', 'hpet', 'kvmclock', 'tsc', 'hypervclock', 'platform'])),
    present: optional(attribute('present', yesNo)),
    tickpolicy: optional(attribute('tickpolicy', oneOf(['delay', 'catchup', 'merge', 'discard']))),
    track: optional(attribute('track', oneOf(['boot', 'guest', 'wall', 'realtime']))),
  })),
});

const sleepState = (name: string) => optional(child(name, object({ enabled: attribute('enabled', yesNo) })));
const lifecycleActions = ['destroy', 'restart', 'preserve', 'rename-restart'] as const;
const emptyFeatures: Infer<typeof featuresCodec> = { acpi: false, apic: null, pae: false, vmport: null, smm: null };
const emptyClock: Infer<typeof clockCodec> = { offset: 'utc', adjustmentSeconds: null, basis: null, timers: [] };

/** Everything that libvirt prints before `<devices>`. */
export const domainHeadCodec = object({
  /** The virtualization type: qemu, kvm; others are refused by name. */
  type: attribute('type', someText),
  /** Number of the run, null while the domain does not run. */
  id: liveOnly(optional(attribute('id', positive))),
  name: childText('name', domainName),
  /** Null until the domain is defined. */
  uuid: optional(childText('uuid', uuid)),
  title: optional(childText('title', anyText)),
  description: optional(childText('description', anyText)),
  metadata: verbatimChild('metadata'),
  memoryKiB: child('memory', memorySize),
  /** What the balloon leaves the guest at start; null for all of it. */
  currentMemoryKiB: optional(child('currentMemory', memorySize)),
  vcpu: withDefault(child('vcpu', vcpuCodec), { placement: null, current: null, maximum: 1 }),
  os: child('os', osCodec),
  features: unlessDefault(child('features', featuresCodec), emptyFeatures),
  cpu: optional(child('cpu', cpuCodec)),
  clock: withDefault(child('clock', clockCodec), emptyClock),
  onPoweroff: withDefault(childText('on_poweroff', oneOf(lifecycleActions)), 'destroy'),
  onReboot: withDefault(childText('on_reboot', oneOf(lifecycleActions)), 'restart'),
  onCrash: withDefault(childText('on_crash', oneOf([...lifecycleActions, 'coredump-destroy', 'coredump-restart'])), 'destroy'),
  pm: optional(child('pm', object({ suspendToMemory: sleepState('suspend-to-mem'), suspendToDisk: sleepState('suspend-to-disk') }))),
});

/** What libvirt prints after `<devices>`: arguments handed to QEMU as they are. */
export const domainTailCodec = object({
  commandline: optional(
    child('qemu:commandline', object({
      arguments: children('qemu:arg', object({ value: attribute('value', anyText) })),
      environment: children('qemu:env', object({ name: attribute('name', pattern(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and "_"')), value: optional(attribute('value', anyText)) })),
    })),
  ),
});

type Head = Infer<typeof domainHeadCodec>;
type Tail = Infer<typeof domainTailCodec>;

export interface DomainDefinition extends Head, Tail, Keeping {
  /** Path of the QEMU binary, null until the driver has chosen one. */
  readonly emulator: string | null;
  /** In libvirt's order of kinds; within a kind as written. */
  readonly devices: readonly DeviceDefinition[];
}

export type CpuDefinition = Infer<typeof cpuCodec>;
export type ClockDefinition = Infer<typeof clockCodec>;
export type VcpuDefinition = Infer<typeof vcpuCodec>;
export type LifecycleAction = Head['onCrash'];
