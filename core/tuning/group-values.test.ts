import { describe, expect, test } from 'vitest';
import { bandwidthValues, blkioValues, memoryValues, sharesOfWeight, shareValues, unlimitedKiB, weightOfShares } from './group-values.ts';
import { scopeCommand, scopeName } from './systemd-scope.ts';
import { deviceNumber } from './write-groups.ts';

const written = (values: readonly { readonly files: readonly string[]; readonly value: string }[]): string[] => values.map(({ files, value }) => `${files.join('|')}=${value}`);

describe('shares', () => {
  test('keep their ratio between v1 and v2, and the defaults mean the same', () => {
    expect([weightOfShares(1024), weightOfShares(2048), weightOfShares(2), weightOfShares(262_144)]).toEqual([100, 200, 1, 10_000]);
    expect(sharesOfWeight(weightOfShares(2048))).toBe(2048);
    expect([...written(shareValues(1, 2048)), ...written(shareValues(2, 2048))]).toEqual(['cpu.shares=2048', 'cpu.weight=200']);
  });
});

describe('bandwidth', () => {
  test.each([
    [null, null, [], []],
    [0, 0, [], []],
    [50_000, null, ['cpu.cfs_period_us=50000'], ['cpu.max=max 50000']],
    [null, 20_000, ['cpu.cfs_quota_us=20000'], ['cpu.max=20000 100000']],
    [50_000, -1, ['cpu.cfs_period_us=50000', 'cpu.cfs_quota_us=-1'], ['cpu.max=max 50000']],
  ])('of period %s and quota %s', (period, quota, v1, v2) => {
    expect([written(bandwidthValues(1, period, quota)), written(bandwidthValues(2, period, quota))]).toEqual([v1, v2]);
  });
});

test('limits of memory are bytes, none is the kernel’s word for it, and v2 counts swap alone', () => {
  const memtune = { hardLimitKiB: 1024, softLimitKiB: unlimitedKiB, swapHardLimitKiB: 3072 };
  expect(written(memoryValues(1, memtune))).toEqual(['memory.limit_in_bytes=1048576', 'memory.soft_limit_in_bytes=-1', 'memory.memsw.limit_in_bytes=3145728']);
  expect(written(memoryValues(2, memtune))).toEqual(['memory.max=1048576', 'memory.high=max', 'memory.swap.max=2097152']);
  expect(memoryValues(1, { hardLimitKiB: null, softLimitKiB: null, swapHardLimitKiB: null })).toEqual([]);
});

test('limits of disks name them by the kernel’s number; one that has none is left out', () => {
  const blkiotune = { weight: 500, devices: [{ path: '/dev/sda', weight: 300, readBytes: 1000, writeBytes: null, readOperations: null, writeOperations: 0 }, { path: '/dev/gone', weight: 1, readBytes: 1, writeBytes: null, readOperations: null, writeOperations: null }] };
  const numbers = new Map([['/dev/sda', '8:0']]);
  expect(written(blkioValues(1, blkiotune, numbers))).toEqual(['blkio.bfq.weight|blkio.weight=500', 'blkio.bfq.weight_device|blkio.weight_device=8:0 300', 'blkio.throttle.read_bps_device=8:0 1000', 'blkio.throttle.write_iops_device=8:0 0']);
  expect(written(blkioValues(2, blkiotune, numbers))).toEqual(['io.bfq.weight|io.weight=default 500', 'io.bfq.weight|io.weight=8:0 300', 'io.max=8:0 rbps=1000 wiops=max']);
  expect([deviceNumber(0x0800n), deviceNumber(0x10301n), deviceNumber(0x1000_0000_0005n)]).toEqual(['8:0', '259:1', '4096:5']);
});

describe('a scope of systemd', () => {
  const member = { id: 3, name: 'my guest/#1', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', pid: 4711 };

  test('is named for the run, whatever the domain is called', () => {
    expect(scopeName(member)).toBe('vireo-3-my\\x20guest\\x2f\\x231-6695eb01.scope');
    expect(scopeName({ ...member, name: '☃'.repeat(80) })).toMatch(/^vireo-3-(\\x[0-9a-f]{2})+-6695eb01\.scope$/);
    expect(scopeName({ ...member, name: '☃'.repeat(80) }).length).toBeLessThan(256);
  });

  test('takes over the process that is there, of the user’s manager or, for root, of the system’s', () => {
    const [program, manager, , ...rest] = scopeCommand(member, false);
    expect([program, manager, rest.slice(-5)]).toEqual(['busctl', '--user', ['PIDs', 'au', '1', '4711', '0']]);
    expect(scopeCommand(member, true)[1]).toBe('--system');
  });
});
