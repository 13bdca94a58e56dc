/** `<features>`: what the board, the hypervisor and the accelerator show to the guest. In libvirt's order. */
import { attribute, child, childFlag, type Codec, type Infer, object, optional, unlessDefault, withDefault } from './codec/codec.ts';
import { oneOf, onOff, pattern, unsigned, yesNo } from './codec/scalar.ts';
import { attributeChild, fieldsFor, readEmpty, section, switchChild } from './codec/shorthands.ts';
import { sizeText } from './memory-size.ts';

const state = { state: withDefault(attribute('state', onOff), true) };

/** The enlightenments in libvirt's order; their names are those of QEMU's `hv-` properties with other separators. */
const hypervCodec = object({
  mode: withDefault(attribute('mode', oneOf(['custom', 'passthrough'])), 'custom'),
  relaxed: switchChild('relaxed'),
  vapic: switchChild('vapic'),
  spinlocks: optional(child('spinlocks', object({ ...state, retries: optional(attribute('retries', unsigned)) }))),
  vpindex: switchChild('vpindex'),
  runtime: switchChild('runtime'),
  synic: switchChild('synic'),
  stimer: optional(child('stimer', object({ ...state, direct: switchChild('direct') }))),
  reset: switchChild('reset'),
  vendorId: optional(child('vendor_id', object({ ...state, value: optional(attribute('value', pattern(/^[^,]{0,12}$/, 'at most 12 characters without a comma'))) }))),
  frequencies: switchChild('frequencies'),
  reenlightenment: switchChild('reenlightenment'),
  tlbflush: optional(child('tlbflush', object({ ...state, direct: switchChild('direct'), extended: switchChild('extended') }))),
  ipi: switchChild('ipi'),
  evmcs: switchChild('evmcs'),
  avic: switchChild('avic'),
  emsrBitmap: switchChild('emsr_bitmap'),
  xmmInput: switchChild('xmm_input'),
});

const kvmFields = {
  hidden: switchChild('hidden'),
  hintDedicated: switchChild('hint-dedicated'),
  pollControl: switchChild('poll-control'),
  pvIpi: switchChild('pv-ipi'),
  dirtyRing: optional(child('dirty-ring', object({ ...state, size: optional(attribute('size', unsigned)) }))),
};

const xenFields = {
  e820Host: switchChild('e820_host'),
  passthrough: optional(child('passthrough', object({ ...state, mode: optional(attribute('mode', oneOf(['sync_pt', 'share_pt']))) }))),
};

/** Capabilities of a container's processes, in libvirt's order. */
const processCapabilities = [
  'audit_control', 'audit_write', 'block_suspend', 'chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'ipc_lock', 'ipc_owner', 'kill',
  'lease', 'linux_immutable', 'mac_admin', 'mac_override', 'mknod', 'net_admin', 'net_bind_service', 'net_broadcast', 'net_raw', 'setgid', 'setfcap',
  'setpcap', 'setuid', 'sys_admin', 'sys_boot', 'sys_chroot', 'sys_module', 'sys_nice', 'sys_pacct', 'sys_ptrace', 'sys_rawio', 'sys_resource',
  'sys_time', 'sys_tty_config', 'syslog', 'wake_alarm',
] as const;

const valueOf = <const T extends string>(name: string, attributeName: string, values: readonly T[]): Codec<T | null> => attributeChild(name, attributeName, oneOf(values));
const mitigation = ['broken', 'workaround', 'fixed'] as const;

const featuresCodec = object({
  acpi: childFlag('acpi'),
  apic: optional(child('apic', object({ eoi: optional(attribute('eoi', onOff)) }))),
  pae: childFlag('pae'),
  hap: switchChild('hap'),
  viridian: childFlag('viridian'),
  privnet: childFlag('privnet'),
  hyperv: optional(child('hyperv', hypervCodec)),
  kvm: optional(child('kvm', object(kvmFields))),
  pvspinlock: switchChild('pvspinlock'),
  capabilities: section('capabilities', {
    policy: optional(attribute('policy', oneOf(['default', 'allow', 'deny']))),
    ...fieldsFor(processCapabilities, switchChild),
  }),
  pmu: switchChild('pmu'),
  vmport: switchChild('vmport'),
  gic: optional(child('gic', object({ version: optional(attribute('version', oneOf(['host', '2', '3']))) }))),
  smm: optional(child('smm', object({ ...state, tsegBytes: optional(child('tseg', sizeText({ unit: 'MiB', spelling: 'pretty' }))) }))),
  ioapic: valueOf('ioapic', 'driver', ['qemu', 'kvm']),
  hpt: section('hpt', {
    resizing: optional(attribute('resizing', oneOf(['enabled', 'disabled', 'required']))),
    maximumPageSizeKiB: optional(child('maxpagesize', sizeText())),
  }),
  vmcoreinfo: switchChild('vmcoreinfo'),
  htm: switchChild('htm'),
  nestedHv: switchChild('nested-hv'),
  msrsUnknown: valueOf('msrs', 'unknown', ['ignore', 'fault']),
  ccfAssist: switchChild('ccf-assist'),
  xen: optional(child('xen', object(xenFields))),
  cfpc: valueOf('cfpc', 'value', mitigation),
  sbbc: valueOf('sbbc', 'value', mitigation),
  ibs: valueOf('ibs', 'value', ['broken', 'workaround', 'fixed-ibs', 'fixed-ccd', 'fixed-na']),
  tcg: section('tcg', { translationCacheKiB: optional(child('tb-cache', sizeText({ unit: 'KiB' }))) }),
  asyncTeardown: optional(child('async-teardown', withDefault(attribute('enabled', yesNo), true))),
  ras: switchChild('ras'),
  ps2: switchChild('ps2'),
  aia: valueOf('aia', 'value', ['none', 'aplic', 'aplic-imsic']),
});

/** A definition without any feature has no `<features>`. */
export const featuresElement = unlessDefault(child('features', featuresCodec), readEmpty(featuresCodec));

export type FeaturesDefinition = Infer<typeof featuresCodec>;
export type HypervDefinition = Infer<typeof hypervCodec>;
