/** What the features of a definition say about the processor: enlightenments for Windows guests, what KVM shows of itself. */
import type { FeaturesDefinition, HypervDefinition } from '../conf/features.ts';

/** Features of the host that no guest can have: QEMU has no property for them, so they are off without being named. */
const unknownToQemu = new Set(['cmt', 'mbm_total', 'mbm_local', 'osxsave', 'ospke', 'pconfig']);

/** Whether switching the feature off needs no word. */
export function isImplicitlyOff(name: string): boolean {
  return unknownToQemu.has(name);
}

type CpuKeys = Readonly<Record<string, string | number | boolean | null>>;

/** Only what is on is named: QEMU has them all off. */
export function hypervKeys(hyperv: HypervDefinition | null): CpuKeys {
  if (!hyperv) return {};
  const on = (value: boolean | null | undefined): true | null => (value ? true : null);
  return {
    'hv-passthrough': on(hyperv.mode === 'passthrough'),
    'hv-relaxed': on(hyperv.relaxed),
    'hv-vapic': on(hyperv.vapic),
    'hv-spinlocks': hyperv.spinlocks?.state ? `0x${(hyperv.spinlocks.retries ?? 4095).toString(16)}` : null,
    'hv-vpindex': on(hyperv.vpindex),
    'hv-runtime': on(hyperv.runtime),
    'hv-synic': on(hyperv.synic),
    'hv-stimer': on(hyperv.stimer?.state),
    'hv-stimer-direct': on(hyperv.stimer?.state && hyperv.stimer.direct),
    'hv-reset': on(hyperv.reset),
    'hv-vendor-id': hyperv.vendorId?.state ? (hyperv.vendorId.value ?? '') : null,
    'hv-frequencies': on(hyperv.frequencies),
    'hv-reenlightenment': on(hyperv.reenlightenment),
    'hv-tlbflush': on(hyperv.tlbflush?.state),
    'hv-tlbflush-direct': on(hyperv.tlbflush?.state && hyperv.tlbflush.direct),
    'hv-tlbflush-ext': on(hyperv.tlbflush?.state && hyperv.tlbflush.extended),
    'hv-ipi': on(hyperv.ipi),
    'hv-evmcs': on(hyperv.evmcs),
    'hv-avic': on(hyperv.avic),
    'hv-emsr-bitmap': on(hyperv.emsrBitmap),
    'hv-xmm-input': on(hyperv.xmmInput),
  };
}

/** What the guest is told of KVM. */
export function kvmKeys({ kvm, pvspinlock, apic }: FeaturesDefinition): CpuKeys {
  return {
    'kvm-pv-eoi': apic?.eoi ?? null,
    'kvm-pv-unhalt': pvspinlock,
    kvm: kvm?.hidden ? false : null,
    'kvm-hint-dedicated': kvm?.hintDedicated ? true : null,
    'kvm-poll-control': kvm?.pollControl ? true : null,
    'kvm-pv-ipi': kvm?.pvIpi === false ? false : null,
  };
}
