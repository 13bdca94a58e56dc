import { expect, test } from 'vitest';
import type { DomainStatistics, StatisticsParameters } from './statistics-record.ts';
import { usageRates } from './usage-rates.ts';

const sample = (sampledAtMs: number, parameters: StatisticsParameters, id: number | null = 7): DomainStatistics => ({ domain: { uuid: 'u', name: 'n', id }, sampledAtMs, parameters, incomplete: null });

test('rates are what grew in a second, added up over disks and cards', () => {
  const before = sample(1_000, { 'cpu.time': 1e9, 'block.count': 2, 'block.0.rd.bytes': 100, 'block.0.wr.bytes': 0, 'block.1.rd.bytes': 50, 'net.count': 1, 'net.0.rx.bytes': 10, 'net.0.tx.bytes': 20 });
  const after = sample(3_000, { 'cpu.time': 4e9, 'balloon.current': 1024, 'balloon.rss': 300, 'balloon.available': 1000, 'balloon.usable': 400, 'block.count': 2, 'block.0.rd.bytes': 300, 'block.0.wr.bytes': 8, 'block.1.rd.bytes': 150, 'net.count': 1, 'net.0.rx.bytes': 30, 'net.0.tx.bytes': 20 });
  expect(usageRates(before, after)).toEqual({
    cpuPercent: 150,
    diskReadBytes: 150,
    diskWriteBytes: 4,
    diskReadRequests: null,
    diskWriteRequests: null,
    networkRxBytes: 10,
    networkTxBytes: 0,
    memoryUsedKiB: 600,
    memoryKiB: 1024,
    residentKiB: 300,
  });
});

test('a counter that went back has no rate, and what nobody told has none', () => {
  const rates = usageRates(sample(0, { 'cpu.time': 5e9, 'net.count': 1 }), sample(1_000, { 'cpu.time': 4e9, 'net.count': 1, 'balloon.available': 10, 'balloon.usable': 2 ** 52 }));
  expect(rates).toMatchObject({ cpuPercent: null, networkRxBytes: null, diskReadBytes: null, memoryUsedKiB: null });
});

test('two records of different runs, or out of order, are not compared', () => {
  expect(usageRates(sample(0, {}, 7), sample(1_000, {}, 8))).toBeNull();
  expect(usageRates(sample(1_000, {}), sample(1_000, {}))).toBeNull();
  expect(usageRates(sample(2_000, {}), sample(1_000, {}))).toBeNull();
});
