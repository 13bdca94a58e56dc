/**
 * What a definition's `<cputune>`, `<memtune>` and `<blkiotune>` are in the files of control groups, of either version.
 * Pure: whoever writes them knows where the groups are.
 */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { CputuneDefinition } from '../conf/tuning.ts';
import type { MemtuneDefinition } from '../conf/memory.ts';
import type { ControlGroups, GroupController } from '../domain/control-groups.ts';

export interface GroupValue {
  readonly controller: GroupController;
  /** The first of these that the group has: a scheduler of disks brings files of its own. */
  readonly files: readonly string[];
  readonly value: string;
}

type Version = 1 | 2;

/** libvirt's word for no limit, in KiB; any limit from it on is none. */
export const unlimitedKiB = 9_007_199_254_740_991;

/** A share of the processor: the defaults, 1024 of v1 and 100 of v2, mean the same, and shares keep their ratio. */
export function weightOfShares(shares: number): number {
  return Math.min(10_000, Math.max(1, Math.round((shares * 100) / 1024)));
}

export function sharesOfWeight(weight: number): number {
  return Math.round((weight * 1024) / 100);
}

const defaultPeriodUs = 100_000;

export function shareValues(version: Version, shares: number): readonly GroupValue[] {
  return [version === 1 ? { controller: 'cpu', files: ['cpu.shares'], value: String(shares) } : { controller: 'cpu', files: ['cpu.weight'], value: String(weightOfShares(shares)) }];
}

/** A quota below one means none. The period comes first: the kernel checks the quota against it. */
export function bandwidthValues(version: Version, periodUs: number | null, quotaUs: number | null): readonly GroupValue[] {
  const period = periodUs || null;
  const hasQuota = quotaUs !== null && quotaUs !== 0;
  if (period === null && !hasQuota) return [];
  if (version === 2) return [{ controller: 'cpu', files: ['cpu.max'], value: `${hasQuota && quotaUs > 0 ? quotaUs : 'max'} ${period ?? defaultPeriodUs}` }];
  return [
    ...(period === null ? [] : [{ controller: 'cpu', files: ['cpu.cfs_period_us'], value: String(period) } as const]),
    ...(hasQuota ? [{ controller: 'cpu', files: ['cpu.cfs_quota_us'], value: String(quotaUs > 0 ? quotaUs : -1) } as const] : []),
  ];
}

export function cpuValues(version: Version, { shares, globalPeriodUs, globalQuotaUs }: Pick<CputuneDefinition, 'shares' | 'globalPeriodUs' | 'globalQuotaUs'>): readonly GroupValue[] {
  return [...(shares === null ? [] : shareValues(version, shares)), ...bandwidthValues(version, globalPeriodUs, globalQuotaUs)];
}

/** In the order in which the kernel takes them where limits rise: memory with swap is never less than memory. */
export function memoryValues(version: Version, { hardLimitKiB, softLimitKiB, swapHardLimitKiB }: Omit<MemtuneDefinition, 'minGuaranteeKiB'>): readonly GroupValue[] {
  const value = (files: readonly string[], limitKiB: number | null, of: (limit: number) => string): readonly GroupValue[] => (limitKiB === null ? [] : [{ controller: 'memory', files, value: of(limitKiB) }]);
  if (version === 1) {
    const bytes = (limit: number): string => (limit >= unlimitedKiB ? '-1' : String(BigInt(limit) * 1024n));
    return [...value(['memory.limit_in_bytes'], hardLimitKiB, bytes), ...value(['memory.soft_limit_in_bytes'], softLimitKiB, bytes), ...value(['memory.memsw.limit_in_bytes'], swapHardLimitKiB, bytes)];
  }
  const bytes = (limit: number): string => (limit >= unlimitedKiB ? 'max' : String(BigInt(limit) * 1024n));
  // libvirt's limit counts memory and swap together, v2's swap alone.
  const swapOnly = (limit: number): string => (limit >= unlimitedKiB ? 'max' : String(BigInt(Math.max(0, limit - (hardLimitKiB ?? 0))) * 1024n));
  return [...value(['memory.max'], hardLimitKiB, bytes), ...value(['memory.high'], softLimitKiB, bytes), ...value(['memory.swap.max'], swapHardLimitKiB, swapOnly)];
}

type Blkiotune = NonNullable<DomainDefinition['blkiotune']>;

/** @param numberOf the `major:minor` of a block device. */
export function blkioValues(version: Version, { weight, devices }: Blkiotune, numberOf: ReadonlyMap<string, string>): readonly GroupValue[] {
  const all = weight === null ? [] : [weightValue(version, null, weight)];
  return [...all, ...devices.flatMap((device) => {
    const number = numberOf.get(device.path);
    if (number === undefined) return [];
    const own = device.weight === null || device.weight === 0 ? [] : [weightValue(version, number, device.weight)];
    return [...own, ...throttleValues(version, number, device)];
  })];
}

function weightValue(version: Version, number: string | null, weight: number): GroupValue {
  if (version === 2) return { controller: 'blkio', files: ['io.bfq.weight', 'io.weight'], value: `${number ?? 'default'} ${weight}` };
  return number === null
    ? { controller: 'blkio', files: ['blkio.bfq.weight', 'blkio.weight'], value: String(weight) }
    : { controller: 'blkio', files: ['blkio.bfq.weight_device', 'blkio.weight_device'], value: `${number} ${weight}` };
}

function throttleValues(version: Version, number: string, { readBytes, writeBytes, readOperations, writeOperations }: Blkiotune['devices'][number]): readonly GroupValue[] {
  const limits = [['read_bps', 'rbps', readBytes], ['write_bps', 'wbps', writeBytes], ['read_iops', 'riops', readOperations], ['write_iops', 'wiops', writeOperations]] as const;
  const given = limits.filter(([, , limit]) => limit !== null);
  if (version === 1) return given.map(([name, , limit]) => ({ controller: 'blkio', files: [`blkio.throttle.${name}_device`], value: `${number} ${limit}` }));
  return given.length === 0 ? [] : [{ controller: 'blkio', files: ['io.max'], value: `${number} ${given.map(([, name, limit]) => `${name}=${limit || 'max'}`).join(' ')}` }];
}

/** The version of a controller's group, null where the run has none. */
export function versionOf(groups: ControlGroups, controller: GroupController): Version | null {
  return groups[controller]?.version ?? null;
}
