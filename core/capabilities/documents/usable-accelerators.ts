/** What a verdict on the host's accelerator means for documents: the domain types that start, in libvirt's order. */
import type { AcceleratorVerdict } from '../accelerator.ts';
import type { Accelerator, QemuCapabilities } from '../qemu-capabilities.ts';

/** Emulation if it was compiled in, and the accelerator that ran a guest. One that merely opens is not among them (C6). */
export function usableAccelerators(capabilities: QemuCapabilities, verdict: Pick<AcceleratorVerdict, 'accelerator'>): readonly Accelerator[] {
  return (['tcg', 'kvm', 'hvf', 'whpx'] as const).filter(
    (accelerator) => capabilities.accelerators.includes(accelerator) && (accelerator === 'tcg' || accelerator === verdict.accelerator),
  );
}

/** The `type` attribute of `<domain>` that asks for an accelerator. */
export type DomainType = 'qemu' | Exclude<Accelerator, 'tcg'>;

export function domainType(accelerator: Accelerator): DomainType {
  return accelerator === 'tcg' ? 'qemu' : accelerator;
}
