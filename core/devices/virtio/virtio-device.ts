/** What all virtio devices share: the transport in the name of QEMU's device, and the options of `<driver>`. */
import { attribute, optional } from '../../conf/codec/codec.ts';
import { onOff } from '../../conf/codec/scalar.ts';
import type { Address } from '../../conf/device-address.ts';
import { type JsonObject, withoutNulls } from '../command-fragment.ts';

/** Attributes of `<driver>`; spread them into its codec. */
export const virtioFields = {
  iommu: optional(attribute('iommu', onOff)),
  ats: optional(attribute('ats', onOff)),
  packed: optional(attribute('packed', onOff)),
  pagePerVq: optional(attribute('page_per_vq', onOff)),
} as const;

export interface VirtioOptions {
  readonly iommu: boolean | null;
  readonly ats: boolean | null;
  readonly packed: boolean | null;
  readonly pagePerVq: boolean | null;
}

export const noVirtioOptions: VirtioOptions = { iommu: null, ats: null, packed: null, pagePerVq: null };

export type VirtioModel = 'virtio' | 'virtio-transitional' | 'virtio-non-transitional';

/** QEMU's name of the device `virtio-blk` on the bus of `address`; `model` picks the generation of virtio on PCI. */
export function virtioDriver(name: string, address: Address | null, model: VirtioModel = 'virtio'): string {
  if (address?.type === 'ccw') return `${name}-ccw`;
  if (address?.type === 'virtio-mmio') return `${name}-device`;
  return `${name}-pci${model.slice('virtio'.length)}`;
}

export function virtioProperties(options: VirtioOptions | null): JsonObject {
  if (!options) return {};
  return withoutNulls({ iommu_platform: options.iommu, ats: options.ats, packed: options.packed, 'page-per-vq': options.pagePerVq });
}
