/** The guest's NUMA cells: numbers, CPUs, distances, caches and links; and what `<numatune>` says of them. */
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { membersOf } from '../../conf/cpu-set.ts';
import { numaCells } from '../../devices/memory-total.ts';
import type { NumaCell, NumaDefinition, NumatuneDefinition } from '../../conf/numa.ts';
import { contradiction, duplicateOf, unsupported } from './refusals.ts';

const localDistance = 10;
const unreachable = 255;

export function validateNuma(definition: DomainDefinition): void {
  const { cpu, vcpu, numatune } = definition;
  const cells = numaCells(definition);
  if (cpu?.numa) {
    if (cells.length === 0) contradiction('cpu/numa has no cells');
    validateCells(cells, vcpu.maximum);
    for (const cell of cells) validateDistances(cell, cells.length);
    for (const cell of cells) validateCaches(cell, cpu.numa.interconnects);
    validateLinks(cpu.numa.interconnects, cells);
  }
  if (numatune) validateNumatune(numatune, cells.length);
}

function validateCells(cells: readonly NumaCell[], maximum: number): void {
  if (cells.some(({ id }, at) => id !== at)) contradiction(`NUMA cells are numbered from 0 without gaps; there are ${cells.map(({ id }) => id).join(', ')}`);
  const owner = new Map<number, number>();
  for (const { id, cpus } of cells) {
    for (const vcpu of cpus === null ? [] : membersOf(cpus)) {
      const other = owner.get(vcpu);
      if (other !== undefined) unsupported(`NUMA cells ${other} and ${id} both have vcpu ${vcpu}`);
      if (vcpu >= maximum) unsupported(`NUMA cell ${id} has vcpu ${vcpu}, and there are only ${maximum}`);
      owner.set(vcpu, id);
    }
  }
  if (owner.size === 0) unsupported('at least one NUMA cell has to have CPUs');
}

function validateDistances({ id, distances }: NumaCell, cells: number): void {
  for (const { id: sibling, value } of distances) {
    if (sibling >= cells) contradiction(`NUMA cell ${id} has a distance to cell ${sibling}, which does not exist`);
    const isRight = sibling === id ? value === localDistance : value > localDistance && value <= unreachable;
    if (!isRight) contradiction(`distance ${value} from NUMA cell ${id} to cell ${sibling} is invalid: ${localDistance} to itself, up to ${unreachable} to others`);
  }
}

function validateCaches({ id, caches }: NumaCell, links: NumaDefinition['interconnects']): void {
  const wrong = caches.find(({ level }) => level < 1 || level > 3);
  if (wrong) contradiction(`NUMA cell ${id} has a cache of level ${wrong.level}; there are levels 1 to 3`);
  const twice = duplicateOf(caches.map(({ level }) => level));
  if (twice !== undefined) contradiction(`NUMA cell ${id} has two caches of level ${twice}`);
  const measures = ['latency', 'bandwidth'] as const;
  const missing = measures.find((measure) => !links.some((link) => link.measure === measure && link.target === id && !link.cache));
  if (caches.length > 0 && missing) unsupported(`NUMA cell ${id} has caches, and interconnects tells no ${missing} of its memory`);
}

function validateLinks(links: NumaDefinition['interconnects'], cells: readonly NumaCell[]): void {
  for (const { measure, initiator, target, cache, value } of links) {
    const from = cells[initiator];
    const to = cells[target];
    if (!from) contradiction(`initiator ${initiator} of a ${measure} is no NUMA cell`);
    if (!to) contradiction(`target ${target} of a ${measure} is no NUMA cell`);
    if (measure === 'bandwidth' && value % 1024 !== 0) unsupported(`bandwidth of ${value} KiB from NUMA cell ${initiator} to ${target} is not a whole number of MiB`);
    if (from.cpus === null) contradiction(`initiator ${initiator} of a ${measure} has no CPUs`);
    if (cache && !to.caches.some(({ level }) => level === cache)) contradiction(`cache ${cache} of a ${measure} is no cache of NUMA cell ${target}`);
  }
  const twice = duplicateOf(links.map(({ measure, initiator, target, cache, type }) => `${type} ${measure} from ${initiator} to ${target}${cache ? ` cache ${cache}` : ''}`));
  if (twice !== undefined) contradiction(`interconnects has ${twice} twice`);
}

/** MAX_NODES of QEMU (7.2 to 10): `host-nodes` takes none above. Which of them a host has is seen when it starts. */
const maximumHostNodes = 128;

function validateNumatune({ memory, memnodes }: NumatuneDefinition, cells: number): void {
  if (memory?.placement === 'static' && memory.nodeset === null) unsupported("numatune/memory with placement 'static' needs a nodeset");
  const nodes = [memory, ...memnodes].flatMap((each) => (each?.nodeset === null || each?.nodeset === undefined ? [] : membersOf(each.nodeset)));
  const unknown = nodes.find((node) => node >= maximumHostNodes);
  if (unknown !== undefined) unsupported(`numatune names NUMA node ${unknown} of the host; QEMU knows nodes 0 to ${maximumHostNodes - 1}`);
  if (memnodes.length === 0) return;
  if (memory?.placement === 'auto') unsupported("numatune/memnode cannot be used with placement 'auto'");
  if (cells === 0) contradiction('numatune/memnode needs NUMA cells in cpu/numa');
  const lost = memnodes.find(({ cellid }) => cellid >= cells);
  if (lost) contradiction(`numatune/memnode has cellid ${lost.cellid}, which is no NUMA cell`);
  const twice = duplicateOf(memnodes.map(({ cellid }) => cellid));
  if (twice !== undefined) contradiction(`numatune has two memnode elements with cellid ${twice}`);
  const mixed = memnodes.find(({ mode }) => (mode === 'restrictive') !== (memory?.mode === 'restrictive'));
  if (mixed) contradiction(`mode 'restrictive' must be in numatune/memory and in every memnode or in none; cellid ${mixed.cellid} differs`);
}
