/**
 * What a host tells about its own hardware, as libvirt's capabilities document wants it. Every fact that a system may
 * not tell is null or absent: the document leaves out what is not known and never fills in a likely value.
 */

export interface HostHardware {
  readonly cpu: HostCpu;
  /** Sleep states that the host offers; null where it does not say. */
  readonly sleepStates: readonly SleepState[] | null;
  /** Whether devices can be handed to guests behind an IOMMU; null where the host does not say. */
  readonly hasIommu: boolean | null;
  /** NUMA cells; a host that does not tell has one. */
  readonly cells: readonly HostCell[];
  /** Caches of the third level, which processors share. */
  readonly caches: readonly HostCache[];
}

/** Names of libvirt's elements below `<power_management>`. */
export type SleepState = 'suspend_mem' | 'suspend_disk' | 'suspend_hybrid';

export interface HostCpu {
  /** libvirt's short name: Intel, AMD, Hygon. */
  readonly vendor: string | null;
  readonly microcodeVersion: number | null;
  readonly signature: { readonly family: number; readonly model: number; readonly stepping: number } | null;
  /** Null where the processors are not alike, so that no product of numbers describes them. */
  readonly topology: CpuTopology | null;
  readonly physicalAddressBits: number | null;
  /** In libvirt's spelling, which is also that of `<cpu><feature name=…/>` in a domain. */
  readonly features: readonly string[];
  readonly pageSizesKiB: readonly number[];
}

/** Per NUMA cell, as libvirt counts sockets. */
export interface CpuTopology {
  readonly sockets: number;
  readonly dies: number;
  readonly clusters: number;
  readonly cores: number;
  readonly threads: number;
}

export interface HostCell {
  readonly id: number;
  readonly memoryKiB: number | null;
  readonly pages: readonly { readonly sizeKiB: number; readonly count: number }[];
  /** To every cell, by the firmware's measure: 10 is the cell itself. */
  readonly distances: readonly { readonly id: number; readonly value: number }[];
  readonly processors: readonly HostProcessor[];
}

export interface HostProcessor {
  readonly id: number;
  /** Null where the host does not say where the processor sits. */
  readonly place: { readonly socket: number; readonly die: number; readonly cluster: number; readonly core: number; readonly siblings: readonly number[] } | null;
}

export interface HostCache {
  readonly id: number;
  readonly level: number;
  readonly type: 'both' | 'code' | 'data';
  readonly sizeKiB: number;
  readonly processors: readonly number[];
}
