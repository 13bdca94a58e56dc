/** Sizes of memory modules as QEMU takes them: whole pieces of what a guest can plug. */
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { MemoryDevice } from './memory-definition.ts';

type Machine = Pick<DomainDefinition, 'os'>;

export function isPower({ os }: Machine): boolean {
  return (os.type.arch ?? '').startsWith('ppc');
}

/** Rounded up to 256 MiB on POWER and 2 MiB elsewhere. */
export function moduleSizeKiB({ model, target }: MemoryDevice, machine: Machine): number {
  const pieceKiB = isPower(machine) ? 262_144 : 2048;
  if (model !== 'nvdimm' || !isPower(machine)) return Math.ceil(target.sizeKiB / pieceKiB) * pieceKiB;
  // The file is as large as it is: what the guest sees of it, behind the label, is rounded down.
  const labelKiB = target.label?.sizeKiB ?? 0;
  const seenKiB = Math.floor((target.sizeKiB - labelKiB) / pieceKiB) * pieceKiB;
  return seenKiB > 0 ? seenKiB + labelKiB : target.sizeKiB;
}

/** What the modules of a domain will add up to once their sizes are whole. */
export function allModulesKiB({ devices, os }: Pick<DomainDefinition, 'devices' | 'os'>): number {
  return devicesOf(devices, 'memory').reduce((sum, memory) => sum + moduleSizeKiB(memory, { os }), 0);
}
