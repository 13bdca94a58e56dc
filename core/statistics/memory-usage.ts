/**
 * Memory of a guest: what its balloon leaves it, what its driver for the balloon reports, and what QEMU takes of the host.
 * The reports are the guest's own words: numbers without bounds, of which only those that can be true are passed on.
 */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { StatisticsParameters } from './statistics-record.ts';

/** Numbers in libvirt's order and names (virDomainMemoryStatTags), with what QEMU's unit is divided by. */
const reported = [
  ['swap_in', 'stat-swap-in', 1024],
  ['swap_out', 'stat-swap-out', 1024],
  ['major_fault', 'stat-major-faults', 1],
  ['minor_fault', 'stat-minor-faults', 1],
  ['unused', 'stat-free-memory', 1024],
  ['available', 'stat-total-memory', 1024],
  ['usable', 'stat-available-memory', 1024],
  ['last-update', null, 1],
  ['disk_caches', 'stat-disk-caches', 1024],
  ['hugetlb_pgalloc', 'stat-htlb-pgalloc', 1],
  ['hugetlb_pgfail', 'stat-htlb-pgfail', 1],
] as const;

export interface MemoryUsage {
  /** KiB that the balloon leaves, null where QEMU was not asked or there is none. */
  readonly actualKiB: number | null;
  readonly guest: readonly (readonly [name: string, value: number])[];
  /** KiB of the host's RAM that QEMU takes; null while it does not run. */
  readonly residentKiB: number | null;
}

/** @param guestStats QEMU's `guest-stats` of the balloon: a guest that never reported has 0 for the time and 2^64-1 for the rest. */
export function readGuestStats(guestStats: unknown): MemoryUsage['guest'] {
  if (!isObject(guestStats) || !isObject(guestStats['stats'])) return [];
  const { stats, 'last-update': lastUpdate } = guestStats;
  if (!isCount(lastUpdate) || lastUpdate === 0) return [];
  return reported.flatMap(([name, key, divisor]) => {
    const value = key === null ? lastUpdate : stats[key];
    return isCount(value) ? [[name, Math.floor(value / divisor)] as const] : [];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** 2^64-1 means that the guest does not tell; nothing that is counted comes near 2^53. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The group `balloon` of domstats. */
export function balloonParameters(definition: DomainDefinition, usage: MemoryUsage): StatisticsParameters {
  const hasBalloon = devicesOf(definition.devices, 'memballoon').some(({ model }) => model !== 'none');
  const currentKiB = usage.actualKiB === null ? (definition.currentMemoryKiB ?? definition.memoryKiB) : usage.actualKiB + virtioMemoryKiB(definition);
  return {
    'balloon.current': hasBalloon ? currentKiB : definition.memoryKiB,
    'balloon.maximum': definition.memoryKiB,
    ...Object.fromEntries(usage.guest.map(([name, value]) => [`balloon.${name}`, value])),
    ...(usage.residentKiB === null ? {} : { 'balloon.rss': usage.residentKiB }),
  };
}

/** QEMU counts the balloon alone; what virtio-mem devices have plugged comes on top, as in `<currentMemory>`. */
function virtioMemoryKiB({ devices }: DomainDefinition): number {
  return devicesOf(devices, 'memory').reduce((sum, memory) => sum + (memory.model === 'virtio-mem' ? (memory.target.currentKiB ?? 0) : 0), 0);
}

/** As dommemstat lists them. */
export function memoryStatistics({ actualKiB, guest, residentKiB }: MemoryUsage): Record<string, number> {
  return {
    ...(actualKiB === null ? {} : { actual: actualKiB }),
    ...Object.fromEntries(guest.map(([name, value]) => [dommemstatName(name), value])),
    ...(residentKiB === null ? {} : { rss: residentKiB }),
  };
}

function dommemstatName(name: string): string {
  return name === 'last-update' ? 'last_update' : name;
}
