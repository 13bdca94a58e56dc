/** How much memory the guest has, what backs it on the host, and the limits that its host puts on it. */
import { attribute, child, childFlag, children, type Infer, object, optional, withDefault } from './codec/codec.ts';
import { oneOf, onOff, positive, unsigned } from './codec/scalar.ts';
import { attributeChild, section } from './codec/shorthands.ts';
import { cpuSet } from './cpu-set.ts';
import { memorySize, sizeAttribute, sizeText } from './memory-size.ts';

export const memoryFields = {
  maxMemory: optional(child('maxMemory', object({ slots: optional(attribute('slots', unsigned)), sizeKiB: memorySize }))),
  /** Whether a dump of QEMU's process holds the guest's memory; null for the driver's choice. */
  dumpCore: withDefault(child('memory', optional(attribute('dumpCore', onOff))), null),
  /** Memory devices included. Zero where the document has no `<memory>`: then the cells say it. */
  memoryKiB: withDefault(child('memory', memorySize), 0),
  /** What the balloon leaves the guest at start; null for all of it. */
  currentMemoryKiB: optional(child('currentMemory', memorySize)),
};

export const memtuneElement = section('memtune', {
  hardLimitKiB: optional(child('hard_limit', sizeText())),
  softLimitKiB: optional(child('soft_limit', sizeText())),
  minGuaranteeKiB: optional(child('min_guarantee', sizeText())),
  swapHardLimitKiB: optional(child('swap_hard_limit', sizeText())),
});

const pageCodec = object({ sizeKiB: sizeAttribute('size'), nodeset: optional(attribute('nodeset', cpuSet)) });

export const memoryBackingElement = section('memoryBacking', {
  /** Null for ordinary pages; no page named means the host's default size. */
  hugepages: optional(child('hugepages', object({ pages: children('page', pageCodec) }))),
  nosharepages: childFlag('nosharepages'),
  locked: childFlag('locked'),
  source: attributeChild('source', 'type', oneOf(['file', 'anonymous', 'memfd'])),
  access: attributeChild('access', 'mode', oneOf(['shared', 'private'])),
  allocation: section('allocation', { mode: optional(attribute('mode', oneOf(['immediate', 'ondemand']))), threads: optional(attribute('threads', positive)) }),
  discard: childFlag('discard'),
});
export type MemoryBacking = NonNullable<Infer<typeof memoryBackingElement>>;
export type MemtuneDefinition = NonNullable<Infer<typeof memtuneElement>>;
