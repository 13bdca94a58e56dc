/** What QEMU would refuse about a memory device, alone and beside the others. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { pluggedMemoryKiB } from '../../devices/memory-total.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { requireDeviceType, requireObjectType, requireVirtioDevice } from '../require-device-type.ts';
import { backingPath, type MemoryDevice, type MemoryDeviceOf } from './memory-definition.ts';
import { isPower } from './module-size.ts';

const smallestLabelKiB = 128;
const smallestBlockKiB = 2048;

interface Refusals {
  /** For what the document contradicts itself in. */
  readonly contradiction: (text: string) => never;
  /** For what QEMU or this machine cannot do. */
  readonly unsupported: (text: string) => never;
}

export function validateMemoryDevice(memory: MemoryDevice, domain: DomainSurroundings): void {
  const what = `memory model '${memory.model}'`;
  const refusals: Refusals = {
    contradiction: (text) => {
      throw new VireoError('XML_ERROR', `${what}: ${text}`);
    },
    unsupported: (text) => {
      throw new VireoError('CONFIG_UNSUPPORTED', `${what}: ${text}`);
    },
  };
  validateNode(memory, domain, refusals);
  validateAddress(memory, refusals);
  validateModel(memory, domain, refusals);
  validateSpace(memory, domain.definition, refusals);
  validateNeighbours(memory, domain.definition, refusals);
  switch (memory.model) {
    case 'dimm':
      return requireDeviceType(domain.capabilities, 'pc-dimm', what);
    case 'nvdimm':
      return requireDeviceType(domain.capabilities, 'nvdimm', what);
    case 'virtio-pmem':
    case 'virtio-mem':
      return requireVirtioDevice(domain.capabilities, memory.model, memory.address, 'virtio', what);
    case 'sgx-epc':
      return requireObjectType(domain.capabilities, 'memory-backend-epc', what);
  }
}

/** The cells of a machine that could do without NUMA: QEMU would make one by itself once memory can be plugged. */
function validateNode({ model, target }: MemoryDevice, { definition, board }: DomainSurroundings, { contradiction, unsupported }: Refusals): void {
  const cells = definition.cpu?.numa?.cells.length ?? 0;
  const { node } = target;
  if (node !== null && cells === 0) contradiction(`target node ${node}: the guest has no NUMA cells`);
  if (node !== null && node >= cells) contradiction(`target node ${node}: the guest has the NUMA cells 0 to ${cells - 1}`);
  if (model === 'sgx-epc') return;
  const plainBoards: readonly string[] = ['pseries', 's390-ccw'];
  if (cells === 0 && !plainBoards.includes(board.name)) unsupported('the guest needs a NUMA cell in <cpu> for memory that is plugged');
  if (node === null && cells > 0 && model !== 'virtio-pmem') unsupported('its target names no node, and the guest has NUMA cells');
}

function validateAddress({ model, address }: MemoryDevice, { unsupported }: Refusals): void {
  const allowed = { dimm: ['dimm'], nvdimm: ['dimm'], 'virtio-pmem': ['pci'], 'virtio-mem': ['pci', 'ccw'], 'sgx-epc': [] as string[] }[model];
  if (address && !allowed.includes(address.type)) {
    unsupported(allowed.length === 0 ? 'it is part of the board and takes no address' : `its address is of type ${allowed.map((type) => `'${type}'`).join(' or ')}, not '${address.type}'`);
  }
}

function validateModel(memory: MemoryDevice, domain: DomainSurroundings, refusals: Refusals): void {
  const { contradiction, unsupported } = refusals;
  if (memory.target.sizeKiB === 0) contradiction('it has no size');
  if ((memory.model === 'nvdimm' || memory.model === 'virtio-pmem') && backingPath(memory) === null) contradiction('it needs a path in source');
  if ((memory.model === 'nvdimm' || memory.model === 'virtio-pmem') && memory.discard) unsupported('its contents are kept, and cannot be discarded');
  if (memory.model === 'nvdimm') validateNvdimm(memory, domain.definition, refusals);
  if (memory.model === 'virtio-mem') validateVirtioMem(memory, domain, refusals);
  if (memory.model === 'virtio-pmem') {
    if (memory.access !== 'shared') unsupported("what the guest writes has to reach the file: access is 'shared'");
    if (memory.target.node !== null) unsupported('it belongs to no NUMA node');
    if ((memory.target.base?.base ?? 0n) % 4096n !== 0n) unsupported('its base address does not begin with a page');
  }
}

function validateNvdimm({ target, uuid }: MemoryDeviceOf<'nvdimm'>, definition: DomainDefinition, { contradiction, unsupported }: Refusals): void {
  const onPower = isPower(definition);
  const labelKiB = target.label?.sizeKiB ?? 0;
  if (labelKiB > 0 && labelKiB < smallestLabelKiB) contradiction(`a label of ${labelKiB} KiB is smaller than ${smallestLabelKiB} KiB`);
  if (labelKiB >= target.sizeKiB) contradiction(`a label of ${labelKiB} KiB leaves nothing of ${target.sizeKiB} KiB`);
  if (onPower && labelKiB === 0) unsupported('on POWER it needs a label');
  if (!onPower && uuid !== null) unsupported('it has a uuid on POWER only');
}

function validateVirtioMem({ target, address }: MemoryDeviceOf<'virtio-mem'>, { capabilities }: DomainSurroundings, { contradiction, unsupported }: Refusals): void {
  const { blockKiB, requestedKiB, sizeKiB, base, dynamicMemslots, node } = target;
  if (blockKiB === null || !Number.isInteger(Math.log2(blockKiB))) return contradiction(`block size ${blockKiB ?? 0} KiB is not a power of 2`);
  if (blockKiB < smallestBlockKiB) contradiction(`block size ${blockKiB} KiB is smaller than ${smallestBlockKiB} KiB`);
  if (requestedKiB > sizeKiB) contradiction(`requested size ${requestedKiB} KiB is more than its size of ${sizeKiB} KiB`);
  if (requestedKiB % blockKiB !== 0) contradiction(`requested size ${requestedKiB} KiB is not a multiple of its block size of ${blockKiB} KiB`);
  if ((base?.base ?? 0n) % BigInt(blockKiB * 1024) !== 0n) contradiction('its base address does not begin with a block');
  const { major, minor } = capabilities.version;
  if (dynamicMemslots && (major < 8 || (major === 8 && minor < 2))) unsupported("dynamicMemslots='yes' needs QEMU 8.2 or newer");
  if (address?.type === 'ccw' && (node ?? 0) !== 0) unsupported('s390x has no NUMA nodes');
}

/** Room for all of them: slots for DIMMs, and addresses up to maxMemory. */
function validateSpace(memory: MemoryDevice, definition: DomainDefinition, { unsupported }: Refusals): void {
  if (memory.model === 'sgx-epc') return;
  const { maxMemory, memoryKiB, devices } = definition;
  if (!maxMemory) return unsupported("a domain without <maxMemory> takes no memory devices");
  const all = devicesOf(devices, 'memory');
  const slotted = all.filter(({ model }) => model === 'dimm' || model === 'nvdimm');
  const slots = maxMemory.slots ?? 0;
  if (slotted.length > slots) unsupported(`${slotted.length} memory devices need a slot, and maxMemory has ${slots}`);
  const slot = memory.address?.type === 'dimm' ? memory.address.slot : null;
  if (slot !== null && slot >= slots) unsupported(`slot ${slot} is beyond the ${slots} of maxMemory`);
  if (memoryKiB > maxMemory.sizeKiB) unsupported(`${pluggedMemoryKiB(definition)} KiB of memory devices go beyond maxMemory, ${maxMemory.sizeKiB} KiB`);
}

interface Range {
  readonly first: bigint;
  readonly end: bigint;
}

function rangeOf(memory: MemoryDevice): Range | null {
  const base = memory.model === 'virtio-mem' || memory.model === 'virtio-pmem' ? (memory.target.base?.base ?? null) : memory.address?.type === 'dimm' ? memory.address.base : null;
  return base ? { first: base, end: base + BigInt(mappedKiB(memory)) * 1024n } : null;
}

/** The label of an NVDIMM lies outside what the guest addresses, and takes whole pieces of its alignment with it. */
function mappedKiB(memory: MemoryDevice): number {
  if (memory.model !== 'nvdimm') return memory.target.sizeKiB;
  const alignKiB = memory.source?.alignSizeKiB || 4;
  return memory.target.sizeKiB - Math.ceil((memory.target.label?.sizeKiB ?? 0) / alignKiB) * alignKiB;
}

function validateNeighbours(memory: MemoryDevice, { devices }: DomainDefinition, { unsupported }: Refusals): void {
  const slot = memory.address?.type === 'dimm' ? memory.address.slot : null;
  const range = rangeOf(memory);
  for (const other of devicesOf(devices, 'memory')) {
    if (other === memory) continue;
    if (slot !== null && other.address?.type === 'dimm' && other.address.slot === slot) unsupported(`slot ${slot} is used by two memory devices`);
    const others = rangeOf(other);
    if (range && others && range.first < others.end && others.first < range.end) {
      unsupported(`its addresses from 0x${range.first.toString(16)} overlap with those of another memory device, from 0x${others.first.toString(16)}`);
    }
  }
}
