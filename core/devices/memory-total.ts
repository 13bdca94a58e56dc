/** How the memory of a domain adds up: cells, devices that are plugged in beside them, and the sum that `<memory>` says. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { boardOf } from '../conf/machine-family.ts';

/** The pieces that a board's memory is made of: those of pSeries are what its firmware plugs. */
export function memoryStepKiB({ os }: Pick<DomainDefinition, 'os'>): number {
  return boardOf(os.type).name === 'pseries' ? 262_144 : 1024;
}

/** The cells of the guest's NUMA layout, empty where it has none. */
export function numaCells({ cpu }: Pick<DomainDefinition, 'cpu'>): NonNullable<NonNullable<DomainDefinition['cpu']>['numa']>['cells'] {
  return cpu?.numa?.cells ?? [];
}

/** Memory that `<memory>` counts and that is not there when the board is made: DIMMs and the like, in KiB. */
export function pluggedMemoryKiB({ devices }: Pick<DomainDefinition, 'devices'>): number {
  return devicesOf(devices, 'memory').reduce((sum, { target }) => sum + target.sizeKiB, 0);
}

/** What the board starts with, in KiB. */
export function initialMemoryKiB(definition: Pick<DomainDefinition, 'cpu' | 'devices' | 'memoryKiB'>): number {
  const cells = numaCells(definition);
  if (cells.length > 0) return cells.reduce((sum, { memoryKiB }) => sum + memoryKiB, 0);
  return definition.memoryKiB - pluggedMemoryKiB(definition);
}
