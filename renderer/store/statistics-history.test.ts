import { describe, expect, it } from 'vitest';
import type { DomainStatistics, StatisticsParameters } from '../../core/statistics/statistics-record.ts';
import { diskCount, emptyHistory, historyMs, networkCounting, withRecord } from './statistics-history.ts';

const record = (sampledAtMs: number, cpuNs: number, id = 1): DomainStatistics => ({ domain: { uuid: 'u', name: 'web', id }, sampledAtMs, parameters: { 'cpu.time': cpuNs }, incomplete: null });
const sampled = (...records: readonly DomainStatistics[]) => records.reduce((history, each) => withRecord(history, each, each.sampledAtMs), emptyHistory);

describe('a history of usage', () => {
  it('has a rate from the second sample on', () => {
    const { points } = sampled(record(1_000, 0), record(2_000, 5e8), record(3_000, 6e8));
    expect(points.map(({ rates }) => rates?.cpuPercent)).toEqual([50, 10]);
  });

  it('begins anew with a new run', () => {
    expect(sampled(record(1_000, 0), record(2_000, 5e8), record(3_000, 1e6, 2)).points).toEqual([]);
  });

  it('has a gap where nobody sampled, not the mean of that time', () => {
    const { points } = sampled(record(1_000, 0), record(2_000, 5e8), record(60_000, 9e8), record(61_000, 10e8));
    expect(points.map(({ rates }) => rates && rates.cpuPercent)).toEqual([50, null, 10]);
  });

  it('keeps what fits into the curve and no more', () => {
    const records = Array.from({ length: 300 }, (_, index) => record(index * 1_000, index * 1e8));
    const { points } = sampled(...records);
    expect(points.length).toBeLessThanOrEqual(historyMs / 1_000);
    expect(points.at(-1)?.atMs).toBe(299_000);
  });

  it('a second sample that comes too soon changes nothing', () => {
    const once = sampled(record(1_000, 0));
    expect(withRecord(once, record(1_010, 1e6), 1_010)).toBe(once);
  });
});

describe('what is counted', () => {
  const cases: readonly (readonly [StatisticsParameters, ReturnType<typeof networkCounting>])[] = [
    [{ 'net.count': 0 }, 'none'],
    [{ 'net.count': 1 }, 'uncounted'],
    [{ 'net.count': 2, 'net.1.rx.bytes': 0 }, 'counted'],
  ];
  it.each(cases)('of the network with %j: %s', (parameters, counting) => {
    expect(networkCounting(parameters)).toBe(counting);
  });

  it('a domain that nobody asked about has no disks', () => {
    expect([diskCount({}), diskCount({ 'block.count': 2 })]).toEqual([0, 2]);
  });
});
