/** Sizes of memory, the pages behind it, and limits that QEMU itself must respect. */
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { membersOf } from '../../conf/cpu-set.ts';
import { boardOf } from '../../conf/machine-family.ts';
import { hugePage } from '../../devices/memory/memory-backend.ts';
import { initialMemoryKiB, numaCells } from '../../devices/memory-total.ts';
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { contradiction, unsupported } from './refusals.ts';

/** QEMU counts bytes in 63 bits. */
const maximumKiB = 2 ** 53 - 1;

export function validateMemory(definition: DomainDefinition, capabilities: QemuCapabilities): void {
  const { memoryKiB, maxMemory, memtune } = definition;
  if (memoryKiB === 0 || initialMemoryKiB(definition) <= 0) contradiction('the domain has no memory: neither <memory> nor <numa> says how much');
  if (memoryKiB > maximumKiB) unsupported(`memory of ${memoryKiB} KiB is more than QEMU can count`);
  if (maxMemory) validateMaximum(definition, maxMemory);
  if (memtune?.minGuaranteeKiB) unsupported("memtune/min_guarantee is not supported by QEMU");
  if (memtune?.hardLimitKiB && memtune.swapHardLimitKiB && memtune.hardLimitKiB > memtune.swapHardLimitKiB) {
    contradiction('memtune/hard_limit must not be greater than swap_hard_limit');
  }
  validateBacking(definition, capabilities);
  validatePages(definition);
  validateWholePages(definition);
}

function validateMaximum(definition: DomainDefinition, { slots, sizeKiB }: NonNullable<DomainDefinition['maxMemory']>): void {
  if (sizeKiB === 0 && slots !== null) contradiction('maxMemory has slots and no size');
  if (sizeKiB < definition.memoryKiB) contradiction(`maxMemory of ${sizeKiB} KiB must not be less than the memory of ${definition.memoryKiB} KiB`);
  const needsCells = boardOf(definition.os.type).name !== 's390-ccw';
  if (needsCells && numaCells(definition).length === 0) unsupported('maxMemory needs at least one NUMA cell');
}

function validateBacking({ memoryBacking: backing }: DomainDefinition, { objectTypes }: QemuCapabilities): void {
  if (!backing) return;
  if (backing.hugepages) {
    if (backing.allocation?.mode === 'ondemand') unsupported("memoryBacking/hugepages cannot be used with allocation mode 'ondemand'");
    if (backing.source === 'anonymous') unsupported("memoryBacking/hugepages cannot be used with source type 'anonymous'");
  }
  if (backing.source === 'memfd' && !objectTypes.has('memory-backend-memfd')) unsupported("this QEMU has no memory-backend-memfd for memoryBacking source 'memfd'");
}

function validatePages(definition: DomainDefinition): void {
  const pages = definition.memoryBacking?.hugepages?.pages ?? [];
  const cells = Math.max(numaCells(definition).length, 1);
  const taken = new Map<number, number>();
  for (const { sizeKiB, nodeset } of pages) {
    if (sizeKiB < 4 || (sizeKiB & (sizeKiB - 1)) !== 0) unsupported(`memoryBacking has pages of ${sizeKiB} KiB, which no host has`);
    // Pages without nodes are for all the nodes that have none of their own.
    for (const node of nodeset === null ? [-1] : membersOf(nodeset)) {
      const other = taken.get(node);
      if (other !== undefined) contradiction(node < 0 ? `two kinds of hugepages for all nodes: ${other} and ${sizeKiB} KiB` : `hugepages of ${other} and ${sizeKiB} KiB are both for node ${node}`);
      if (node >= cells || (node >= 0 && numaCells(definition).length === 0)) contradiction(`memoryBacking/hugepages names node ${node}, which is no NUMA cell of the guest`);
      taken.set(node, sizeKiB);
    }
  }
}

/** Nothing but a file, which may be larger, takes a part of a page. */
function validateWholePages(definition: DomainDefinition): void {
  if (definition.memoryBacking?.source === 'file') return;
  const cells = numaCells(definition);
  const pieces = cells.length > 0 ? cells.map(({ id, memoryKiB }) => ({ node: id, sizeKiB: memoryKiB })) : [{ node: null, sizeKiB: initialMemoryKiB(definition) }];
  for (const { node, sizeKiB } of pieces) {
    const pageKiB = hugePage({ node }, definition)?.sizeKiB ?? null;
    if (pageKiB !== null && sizeKiB % pageKiB !== 0) unsupported(`memory of ${sizeKiB} KiB${node === null ? '' : ` in NUMA cell ${node}`} is no whole number of its hugepages of ${pageKiB} KiB`);
  }
}
