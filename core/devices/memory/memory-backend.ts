/**
 * `-object memory-backend-*`: the host's side of a piece of guest memory. What the piece itself does not say is said
 * by its NUMA cell, and what the cell does not say by `<memoryBacking>` and `<numatune>`.
 */
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { membersOf } from '../../conf/cpu-set.ts';
import { type CommandFragment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import type { LaunchContext } from '../launch-context.ts';

export interface MemoryBackend {
  readonly id: string;
  readonly sizeKiB: number;
  /** The guest's NUMA cell, null for none. */
  readonly node: number | null;
  readonly access?: 'shared' | 'private' | null;
  readonly discard?: boolean | null;
  /** Host nodes. */
  readonly nodemask?: string | null;
  readonly pageSizeKiB?: number | null;
  /** The file to keep the memory in, with how its pages lie in it. */
  readonly path?: string | null;
  readonly alignSizeKiB?: number | null;
  readonly pmem?: boolean;
  /** virtio-mem: only what the guest asks for is ever taken from the host. */
  readonly sparse?: boolean;
  /** Enclave memory of SGX, which has a backend of its own. */
  readonly enclave?: boolean;
}

/** Pages of this size are not huge. */
const plainPageKiB = 4;

export function memoryBackendFragment(backend: MemoryBackend, definition: DomainDefinition, launch: LaunchContext): CommandFragment {
  const { allocation } = definition.memoryBacking ?? { allocation: null };
  const prealloc = preallocates(backend, definition);
  const place = placeOf(backend, definition, launch);
  return json('object', withoutNulls({
    'qom-type': place.type,
    id: backend.id,
    ...place.properties,
    reserve: backend.sparse ? false : null,
    prealloc: prealloc && !backend.sparse ? true : null,
    'prealloc-threads': prealloc && !backend.sparse ? (allocation?.threads ?? null) : null,
    size: backend.sizeKiB * 1024,
    align: backend.alignSizeKiB ? backend.alignSizeKiB * 1024 : null,
    pmem: backend.pmem ? true : null,
    ...hostNodes(backend, definition),
  }));
}

/** Whether all of it is taken from the host at once, so that the guest never runs short of it. */
export function preallocates(backend: MemoryBackend, definition: DomainDefinition): boolean {
  if (definition.memoryBacking?.allocation?.mode === 'immediate' || backend.enclave) return true;
  // A virtio-pmem is a file that is there; a pmem is a device that writing wears off.
  if (backend.path) return backend.alignSizeKiB !== undefined && !backend.pmem;
  return hugePage(backend, definition) !== null;
}

interface Place {
  readonly type: string;
  readonly properties: JsonObject;
}

function placeOf(backend: MemoryBackend, definition: DomainDefinition, launch: LaunchContext): Place {
  const backing = definition.memoryBacking;
  const cell = definition.cpu?.numa?.cells.find(({ id }) => id === backend.node);
  const access = backend.access ?? cell?.memAccess ?? backing?.access ?? null;
  const share = access === null ? null : access === 'shared';
  const discard = backend.discard ?? cell?.discard ?? (backing?.discard ? true : null);
  if (backend.enclave) return { type: 'memory-backend-epc', properties: {} };
  if (backend.path) return { type: 'memory-backend-file', properties: withoutNulls({ 'mem-path': backend.path, share }) };
  const huge = hugePage(backend, definition);
  // Files of memory need no place of their own where the system can do without: a memfd has no name and no mount.
  const hasMemfd = launch.capabilities.objectTypes.has('memory-backend-memfd');
  if (backing?.source === 'memfd' || (hasMemfd && backing?.source !== 'file' && (huge !== null || share !== null))) {
    const pages = huge === null ? {} : withoutNulls({ hugetlb: true, hugetlbsize: huge.sizeKiB === null ? null : huge.sizeKiB * 1024 });
    return { type: 'memory-backend-memfd', properties: { ...pages, share: share ?? backing?.source === 'memfd' } };
  }
  if (huge !== null || share !== null || backing?.source === 'file') {
    // A folder: QEMU makes a file in it and unlinks it at once.
    const path = huge === null ? launch.runFolder : '/dev/hugepages';
    return { type: 'memory-backend-file', properties: withoutNulls({ 'mem-path': path, 'discard-data': discard, share }) };
  }
  return { type: 'memory-backend-ram', properties: {} };
}

/** The huge pages to use; `sizeKiB` is null for the host's default size. Null for ordinary pages. */
export function hugePage({ pageSizeKiB, node }: Pick<MemoryBackend, 'pageSizeKiB' | 'node'>, { memoryBacking }: DomainDefinition): { readonly sizeKiB: number | null } | null {
  if (pageSizeKiB) return pageSizeKiB === plainPageKiB ? null : { sizeKiB: pageSizeKiB };
  const hugepages = memoryBacking?.hugepages ?? null;
  if (!hugepages) return null;
  if (hugepages.pages.length === 0) return { sizeKiB: null };
  const own = hugepages.pages.find(({ nodeset }) => nodeset !== null && node !== null && membersOf(nodeset).includes(node));
  const page = own ?? hugepages.pages.find(({ nodeset }) => nodeset === null);
  return page && page.sizeKiB !== plainPageKiB ? { sizeKiB: page.sizeKiB } : null;
}

const policies = { strict: 'bind', preferred: 'preferred', interleave: 'interleave' } as const;

/** 'restrictive' leaves QEMU's own policy alone: the cgroup restricts it. */
function hostNodes({ nodemask, node }: MemoryBackend, { numatune }: DomainDefinition): JsonObject {
  const cell = numatune?.memnodes.find(({ cellid }) => cellid === node);
  const mode = cell?.mode ?? numatune?.memory?.mode ?? 'strict';
  const nodes = nodemask ?? cell?.nodeset ?? numatune?.memory?.nodeset ?? null;
  return nodes === null || mode === 'restrictive' ? {} : { 'host-nodes': membersOf(nodes), policy: policies[mode] };
}
