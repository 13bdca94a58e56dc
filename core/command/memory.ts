/** `-m`, and the object behind the whole of the guest's memory where it is to be anything but ordinary. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { boardOf } from '../conf/machine-family.ts';
import { initialMemoryKiB, numaCells } from '../devices/memory-total.ts';
import { type CommandFragment, keyed } from '../devices/command-fragment.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { memoryBackendFragment } from '../devices/memory/memory-backend.ts';

/** What QEMU calls the main memory of its boards; it keeps its name where it comes from an object of ours. */
const memoryIds: Readonly<Record<string, string>> = {
  q35: 'pc.ram', i440fx: 'pc.ram', isapc: 'pc.ram', microvm: 'microvm.ram', 'arm-virt': 'mach-virt.ram', 'riscv-virt': 'riscv_virt_board.ram',
  'loongarch-virt': 'loongarch.ram', 's390-ccw': 's390.ram', pseries: 'ppc_spapr.ram',
};

export function memoryFragments(live: DomainDefinition, launch: LaunchContext): readonly CommandFragment[] {
  const id = systemMemoryId(live);
  const { maxMemory, memoryBacking } = live;
  return [
    keyed('m', null, { size: `${initialMemoryKiB(live)}k`, slots: maxMemory?.slots ?? null, maxmem: maxMemory ? `${maxMemory.sizeKiB}k` : null }),
    ...(id === null ? [] : [systemMemory(id, live, launch)]),
    ...(memoryBacking?.locked ? [keyed('overcommit', null, { 'mem-lock': true })] : []),
  ];
}

/** Id of the object that is the whole memory, null where QEMU makes it by itself or the cells have one each. */
export function systemMemoryId(live: DomainDefinition): string | null {
  const { memoryBacking: backing, numatune } = live;
  if (numaCells(live).length > 0) return null;
  const asked = backing && (backing.hugepages || backing.source || backing.access || backing.discard || backing.allocation);
  const placed = numatune?.memory?.nodeset && numatune.memory.mode !== 'restrictive';
  return asked || placed ? (memoryIds[boardOf(live.os.type).name] ?? null) : null;
}

function systemMemory(id: string, live: DomainDefinition, launch: LaunchContext): CommandFragment {
  const fragment = memoryBackendFragment({ id, sizeKiB: initialMemoryKiB(live), node: null }, live, launch);
  if (fragment.form !== 'json' || fragment.value['qom-type'] === 'memory-backend-ram') return fragment;
  // Without it the block of memory would be named after the object, and a guest could not move to or from older runs.
  return { ...fragment, value: { ...fragment.value, 'x-use-canonical-path-for-ramblock-id': false } };
}
