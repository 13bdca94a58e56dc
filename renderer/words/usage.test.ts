import { describe, expect, it } from 'vitest';
import { addressesByCard, fillingOf } from './guest.ts';
import { formatPercent, formatRate, formatShare } from './usage.ts';

describe('numbers of usage', () => {
  it('per cent have a decimal only where it says something', () => {
    expect([0, 2.04, 9.94, 9.96, 140].map(formatPercent)).toEqual(['0.0 %', '2.0 %', '9.9 %', '10 %', '140 %']);
  });

  it('a share names its unit once', () => {
    expect([formatShare(1.4 * 2 ** 20, 2 << 20), formatShare(312 * 1_024, 2 << 20)]).toEqual(['1.4 of 2 GiB', '312 MiB of 2 GiB']);
  });

  it('rates are bytes a second', () => {
    expect([0, 0.4, 1_500].map(formatRate)).toEqual(['0 B/s', '0 B/s', '1.5 KiB/s']);
  });
});

describe("a guest's report", () => {
  const address = (text: string, type: 'ipv4' | 'ipv6' = 'ipv6') => ({ type, address: text, prefix: 64 });

  it('shows no loopback, and addresses of the link alone last', () => {
    const cards = addressesByCard([
      { name: 'lo', mac: null, addresses: [address('127.0.0.1', 'ipv4'), address('::1')] },
      { name: 'down', mac: null, addresses: [] },
      { name: 'eth0', mac: null, addresses: [address('fe80::1'), address('10.0.2.15', 'ipv4')] },
    ]);
    expect(cards).toEqual([{ name: 'eth0', mac: null, addresses: [{ text: '10.0.2.15/64', isLocal: false }, { text: 'fe80::1/64', isLocal: true }] }]);
  });

  it('says how full a file system is, and nothing where the agent does not', () => {
    const of = (usedBytes: number | null, totalBytes: number | null) => fillingOf({ mountpoint: '/', name: 'vda', type: 'ext4', usedBytes, totalBytes, disks: [] });
    expect([of(95, 100), of(20, 100)].map((filling) => filling && [filling.percent, filling.isNearlyFull])).toEqual([[95, true], [20, false]]);
    expect([of(null, 100), of(0, 0)]).toEqual([null, null]);
  });
});
