/** The guest's own NUMA cells, in `<cpu>`, and where on the host their memory lies, in `<numatune>`. */
import { attribute, child, children, type Infer, mapped, object, optional, withDefault } from './codec/codec.ts';
import { integer, oneOf, unsigned, yesNo } from './codec/scalar.ts';
import { childrenByName, listWithin, section } from './codec/shorthands.ts';
import { cpuSet } from './cpu-set.ts';
import { sizeAttribute } from './memory-size.ts';

/** A latency or bandwidth: beyond 32 bits, exact in a double. */
const wide = integer(0, Number.MAX_SAFE_INTEGER);

const cacheCodec = object({
  level: attribute('level', unsigned),
  associativity: attribute('associativity', oneOf(['none', 'direct', 'full'])),
  policy: attribute('policy', oneOf(['none', 'writeback', 'writethrough'])),
  sizeKiB: optional(child('size', sizeAttribute('value'))),
  lineBytes: optional(child('line', sizeAttribute('value', { unit: 'B', spelling: 'B' }))),
});

const cellCodec = object({
  id: optional(attribute('id', unsigned)),
  cpus: optional(attribute('cpus', cpuSet)),
  memoryKiB: sizeAttribute('memory'),
  memAccess: optional(attribute('memAccess', oneOf(['shared', 'private']))),
  discard: optional(attribute('discard', yesNo)),
  distances: listWithin('distances', 'sibling', object({ id: attribute('id', unsigned), value: attribute('value', unsigned) })),
  caches: children('cache', cacheCodec),
});

const linkFields = {
  initiator: attribute('initiator', unsigned),
  target: attribute('target', unsigned),
  cache: optional(attribute('cache', unsigned)),
  type: attribute('type', oneOf(['access', 'read', 'write'])),
};

const interconnects = childrenByName('measure', {
  /** In nanoseconds. */
  latency: object({ ...linkFields, value: attribute('value', wide) }),
  /** In KiB a second. */
  bandwidth: object({ ...linkFields, value: sizeAttribute('value') }),
});

const writtenNuma = object({
  cells: children('cell', cellCodec),
  interconnects: mapped(section('interconnects', { links: interconnects }), (written) => written?.links ?? [], (links) => (links.length === 0 ? null : { links })),
});

type WrittenCell = Infer<typeof cellCodec>;
export type NumaCell = Omit<WrittenCell, 'id'> & { readonly id: number };
export type NumaCache = Infer<typeof cacheCodec>;
export type NumaDefinition = Omit<Infer<typeof writtenNuma>, 'cells'> & { readonly cells: readonly NumaCell[] };

/** Cells without a number have that of their place. */
export const numaElement = mapped(
  optional(child('numa', writtenNuma)),
  (numa): NumaDefinition | null => numa && { ...numa, cells: numa.cells.map((cell, at) => ({ ...cell, id: cell.id ?? at })) },
  (numa) => numa,
);

const placementMode = oneOf(['strict', 'preferred', 'interleave', 'restrictive']);

export const numatuneElement = section('numatune', {
  memory: optional(
    child('memory', object({
      mode: withDefault(attribute('mode', placementMode), 'strict'),
      nodeset: optional(attribute('nodeset', cpuSet)),
      placement: optional(attribute('placement', oneOf(['static', 'auto']))),
    })),
  ),
  memnodes: children('memnode', object({ cellid: attribute('cellid', unsigned), mode: withDefault(attribute('mode', placementMode), 'strict'), nodeset: attribute('nodeset', cpuSet) })),
});
export type NumatuneDefinition = NonNullable<Infer<typeof numatuneElement>>;
