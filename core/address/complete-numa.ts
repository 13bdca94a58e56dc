/** The guest's NUMA cells, made whole (D3): every CPU belongs to one, and distances are told for both directions. */
import { VireoError } from '../base/errors.ts';
import { plainCpu } from '../conf/cpu.ts';
import { formatCpuSet, membersOf } from '../conf/cpu-set.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { boardOf } from '../conf/machine-family.ts';
import { roundMemory } from '../conf/memory-size.ts';
import type { NumaCell } from '../conf/numa.ts';
import { memoryStepKiB, numaCells, pluggedMemoryKiB } from '../devices/memory-total.ts';

const localDistance = 10;
/** As many as QEMU knows. */
const maximumCells = 128;

/** Throws XML_ERROR where the memory devices leave nothing for a first cell, CONFIG_UNSUPPORTED for too many cells. */
export function completeNuma(definition: DomainDefinition): DomainDefinition {
  const cells = numaCells(definition);
  const all = cells.length > 0 ? cells.toSorted((a, b) => a.id - b.id) : onlyCell(definition);
  if (all.length === 0) return definition;
  if (all.length > maximumCells) throw new VireoError('CONFIG_UNSUPPORTED', `cpu/numa has ${all.length} cells, more than the ${maximumCells} that QEMU knows`);
  const rounded = all.map((cell) => ({ ...cell, memoryKiB: roundMemory(cell.memoryKiB, memoryStepKiB(definition)) }));
  const cpu = definition.cpu ?? plainCpu;
  const completed = withDistances(withAllCpus(rounded, definition.vcpu.maximum));
  return { ...definition, cpu: { ...cpu, numa: { ...(cpu.numa ?? { interconnects: [] }), cells: completed } } };
}

/** Memory that can be plugged belongs to a cell. */
function onlyCell(definition: DomainDefinition): readonly NumaCell[] {
  if (definition.maxMemory === null || definition.memoryKiB === 0 || boardOf(definition.os.type).name === 's390-ccw') return [];
  const memoryKiB = definition.memoryKiB - pluggedMemoryKiB(definition);
  if (memoryKiB <= 0) throw new VireoError('XML_ERROR', 'the memory devices are larger than the whole memory');
  return [{ id: 0, cpus: null, memoryKiB, memAccess: null, discard: null, distances: [], caches: [] }];
}

/** The first cell takes the CPUs that are in none. */
function withAllCpus(cells: readonly NumaCell[], maximum: number): readonly NumaCell[] {
  const cpusOf = ({ cpus }: NumaCell): readonly number[] => (cpus === null ? [] : membersOf(cpus));
  if (new Set(cells.flatMap(cpusOf)).size >= maximum) return cells;
  const elsewhere = new Set(cells.slice(1).flatMap(cpusOf));
  const rest = Array.from({ length: maximum }, (_, id) => id).filter((id) => !elsewhere.has(id));
  return rest.length === 0 ? cells : cells.map((cell, at) => (at === 0 ? { ...cell, cpus: formatCpuSet(rest) } : cell));
}

/** What is said in one direction is true for the other where nothing else is said there; a cell is near to itself. */
function withDistances(cells: readonly NumaCell[]): readonly NumaCell[] {
  if (cells.every(({ distances }) => distances.length === 0)) return cells;
  return cells.map((cell) => {
    const told = new Map(cell.distances.map((sibling) => [sibling.id, sibling]));
    for (const other of cells) {
      const back = other.distances.find(({ id }) => id === cell.id);
      if (back && !told.has(other.id)) told.set(other.id, { ...back, id: other.id });
    }
    if (told.size > 0 && !told.has(cell.id)) told.set(cell.id, { id: cell.id, value: localDistance });
    return { ...cell, distances: [...told.values()].toSorted((a, b) => a.id - b.id) };
  });
}
