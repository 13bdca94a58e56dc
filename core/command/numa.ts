/** `-numa`: which CPUs and which memory are near to each other. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { NumaCache, NumaCell } from '../conf/numa.ts';
import { numaCells } from '../devices/memory-total.ts';
import { type CommandFragment, keyed } from '../devices/command-fragment.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { memoryBackendFragment } from '../devices/memory/memory-backend.ts';

/** Whether memory has properties that only ACPI's heterogeneous memory table tells. */
export function usesHmat(live: DomainDefinition): boolean {
  return numaCells(live).some(({ caches }) => caches.length > 0) || (live.cpu?.numa?.interconnects.length ?? 0) > 0;
}

export function numaFragments(live: DomainDefinition, launch: LaunchContext): readonly CommandFragment[] {
  const cells = numaCells(live);
  return [
    ...cells.flatMap((cell) => [
      memoryBackendFragment({ id: `ram-node${cell.id}`, sizeKiB: cell.memoryKiB, node: cell.id }, live, launch),
      nodeFragment(cell, usesHmat(live) ? initiatorOf(live, cell) : null),
    ]),
    ...distanceFragments(cells),
    ...interconnectFragments(live),
    ...cells.flatMap((cell) => cell.caches.map((cache) => cacheFragment(cell, cache))),
  ];
}

/** A set of CPUs is one key a range. */
function nodeFragment({ id, cpus }: NumaCell, initiator: number | null): CommandFragment {
  const ranges = cpus === null ? [] : cpus.split(',').map((range) => ['cpus', range] as const);
  const near = initiator === null ? [] : [['initiator', String(initiator)] as const];
  return { form: 'keys', option: 'numa', first: 'node', keys: [['nodeid', String(id)], ...ranges, ...near, ['memdev', `ram-node${id}`]] };
}

/** The cell whose CPUs are nearest: its own, else the one with the best connection, else the first that has any. */
function initiatorOf(live: DomainDefinition, cell: NumaCell): number | null {
  if (cell.cpus !== null) return cell.id;
  const links = (live.cpu?.numa?.interconnects ?? []).filter(({ target, cache }) => target === cell.id && !cache);
  const bandwidth = links.filter(({ measure }) => measure === 'bandwidth').toSorted((a, b) => b.value - a.value)[0];
  const latency = links.filter(({ measure }) => measure === 'latency').toSorted((a, b) => a.value - b.value)[0];
  return (latency ?? bandwidth)?.initiator ?? numaCells(live).find(({ cpus }) => cpus !== null)?.id ?? null;
}

/** If one distance is given, QEMU wants them all. */
function distanceFragments(cells: readonly NumaCell[]): readonly CommandFragment[] {
  if (cells.every(({ distances }) => distances.length === 0)) return [];
  return cells.flatMap((from) => cells.map((to) => keyed('numa', 'dist', { src: from.id, dst: to.id, val: distance(from, to) })));
}

/** As it is said for either direction; otherwise what ACPI has for near and far. */
function distance(from: NumaCell, to: NumaCell): number {
  const said = (a: NumaCell, b: NumaCell): number | undefined => a.distances.find(({ id }) => id === b.id)?.value;
  return said(from, to) ?? said(to, from) ?? (from.id === to.id ? 10 : 20);
}

const hierarchies = ['memory', 'first-level', 'second-level', 'third-level'] as const;

function interconnectFragments({ cpu }: DomainDefinition): readonly CommandFragment[] {
  return (cpu?.numa?.interconnects ?? []).map((link) =>
    keyed('numa', 'hmat-lb', {
      initiator: link.initiator,
      target: link.target,
      hierarchy: hierarchies[link.cache ?? 0] ?? 'memory',
      'data-type': `${link.type}-${link.measure}`,
      [link.measure]: link.measure === 'latency' ? link.value : `${link.value}K`,
    }),
  );
}

const associativities = { none: 'none', direct: 'direct', full: 'complex' } as const;
const cachePolicies = { none: 'none', writeback: 'write-back', writethrough: 'write-through' } as const;

function cacheFragment({ id }: NumaCell, { sizeKiB, level, associativity, policy, lineBytes }: NumaCache): CommandFragment {
  return keyed('numa', 'hmat-cache', {
    'node-id': id,
    size: `${sizeKiB ?? 0}K`,
    level,
    associativity: associativities[associativity],
    policy: cachePolicies[policy],
    line: lineBytes || null,
  });
}
