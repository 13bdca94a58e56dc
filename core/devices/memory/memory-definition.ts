/** What `<memory>` among the devices holds: five kinds of memory that a guest gets beside what it starts with. */
import { attribute, child, childFlag, childText, type Infer, liveOnly, object, optional, union, withDefault } from '../../conf/codec/codec.ts';
import { oneOf, someText, unsigned, uuid, wideHexadecimal, yesNo } from '../../conf/codec/scalar.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { cpuSet } from '../../conf/cpu-set.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { memorySize } from '../../conf/memory-size.ts';
import { pciFields } from '../pci-fields.ts';

const backingFields = {
  access: optional(attribute('access', oneOf(['shared', 'private']))),
  discard: optional(attribute('discard', yesNo)),
};

const sizeFields = {
  sizeKiB: child('size', memorySize),
  /** The guest's NUMA cell. */
  node: optional(childText('node', unsigned)),
};

/** Host nodes and size of the pages that memory is taken from. */
const nodemask = optional(childText('nodemask', cpuSet));
const pagesSource = section('source', { nodemask, pageSizeKiB: optional(child('pagesize', memorySize)) });
const path = optional(childText('path', someText));

/** Where the guest finds it, null for wherever QEMU puts it. */
const base = optional(child('address', object({ base: attribute('base', wideHexadecimal(1)) })));

export const memoryCodec = union('model', {
  dimm: object({ ...backingFields, source: pagesSource, target: child('target', object(sizeFields)), ...pciFields }),
  nvdimm: object({
    ...backingFields,
    uuid: optional(childText('uuid', uuid)),
    source: section('source', { path, alignSizeKiB: optional(child('alignsize', memorySize)), pmem: childFlag('pmem') }),
    target: child('target', object({ ...sizeFields, label: optional(child('label', object({ sizeKiB: child('size', memorySize) }))), readonly: childFlag('readonly') })),
    ...pciFields,
  }),
  'virtio-pmem': object({ ...backingFields, source: section('source', { path }), target: child('target', object({ ...sizeFields, base })), ...pciFields }),
  'virtio-mem': object({
    ...backingFields,
    source: pagesSource,
    target: child('target', object({
      dynamicMemslots: optional(attribute('dynamicMemslots', yesNo)),
      ...sizeFields,
      /** What the guest plugs and unplugs at a time. */
      blockKiB: optional(child('block', memorySize)),
      /** How much of it the guest is to use. */
      requestedKiB: withDefault(child('requested', memorySize), 0),
      /** How much of it the guest uses; output only. */
      currentKiB: liveOnly(optional(child('current', memorySize))),
      base,
    })),
    ...pciFields,
  }),
  'sgx-epc': object({ ...backingFields, source: section('source', { nodemask }), target: child('target', object(sizeFields)), ...pciFields }),
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    memory: Infer<typeof memoryCodec>;
  }
}

export type MemoryDevice = DeviceOf<'memory'>;
export type MemoryDeviceOf<M extends MemoryDevice['model']> = Extract<MemoryDevice, { readonly model: M }>;

/** The file that the memory is kept in, for the models that have one. */
export function backingPath(memory: MemoryDevice): string | null {
  return memory.model === 'nvdimm' || memory.model === 'virtio-pmem' ? (memory.source?.path ?? null) : null;
}
