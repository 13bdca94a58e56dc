/** Whether a domain has so many CPUs that their interrupts have to be remapped, and what that asks of its board. */
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { boardOf } from '../../conf/machine-family.ts';

/** The CPUs whose interrupts an APIC id of eight bits can name. */
const maximumPlainCpus = 255;

export function hasManyCpus({ os, vcpu }: Pick<DomainDefinition, 'os' | 'vcpu'>): boolean {
  return boardOf(os.type).name === 'q35' && vcpu.maximum > maximumPlainCpus;
}

/** Remapping in the extended mode works with an I/O APIC of QEMU's own only: `<ioapic driver='qemu'/>`. */
export function needsSplitInterrupts(definition: Pick<DomainDefinition, 'os' | 'vcpu' | 'devices'>): boolean {
  const [iommu] = devicesOf(definition.devices, 'iommu');
  if (!iommu) return hasManyCpus(definition);
  if (iommu.model !== 'intel') return false;
  return iommu.driver?.extendedInterruptMode ?? hasManyCpus(definition);
}
