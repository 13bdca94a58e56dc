/** What this host tells about its hardware, one answer for each operating system: the seam that tests replace. */
import os from 'node:os';
import type { HostHardware } from './host-hardware.ts';
import { readLinuxHardware } from './linux-hardware.ts';

/** `arch` is the host's, in libvirt's spelling. */
export type ReadHostHardware = (arch: string) => Promise<HostHardware>;

export function hostHardwareReader(platform: NodeJS.Platform = process.platform): ReadHostHardware {
  return platform === 'linux' ? (arch) => readLinuxHardware({ arch }) : () => Promise.resolve(plainHardware());
}

/** What every system tells: one cell with all memory and processors. */
export function plainHardware(): HostHardware {
  const processors = os.cpus().map((_, id) => ({ id, place: null }));
  return {
    cpu: { vendor: null, microcodeVersion: null, signature: null, topology: null, physicalAddressBits: null, features: [], pageSizesKiB: [] },
    sleepStates: null,
    hasIommu: null,
    cells: [{ id: 0, memoryKiB: Math.floor(os.totalmem() / 1024), pages: [], distances: [], processors }],
    caches: [],
  };
}
