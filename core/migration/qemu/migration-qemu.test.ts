import { describe, expect, test } from 'vitest';
import { type MigrationOptionsInput, migrationOptionsSchema } from '../migration-options.ts';
import type { MigrationSettings } from './apply-setup.ts';
import { bandwidthBytes, bandwidthMiBps, unlimitedBytesPerSecond } from './bandwidth.ts';
import { type MigrationSide, migrationSetup, withThrottleAtHand } from './migration-setup.ts';
import { readMigration } from './migration-status.ts';
import { checkMigrationOptions } from './option-rules.ts';

const options = (given: MigrationOptionsInput) => migrationOptionsSchema.parse(given);
const setUp = (given: MigrationOptionsInput, side: MigrationSide = 'source', bandwidth = 0) => migrationSetup(options(given), side, { bandwidthMiBps: bandwidth, maxDowntimeMs: null });
const on = (given: MigrationOptionsInput, side?: MigrationSide): string[] => [...setUp(given, side).capabilities].filter(([, state]) => state).map(([name]) => name);

describe('of options that exclude each other', () => {
  test.each<[MigrationOptionsInput, RegExp]>([
    [{ rdmaPinAll: true }, /^Operation not supported: memory is pinned for RDMA only/],
    [{ postcopy: true }, /^argument unsupported: post-copy migration is not supported with non-live or paused migration$/],
    [{ postcopy: true, live: true, tunnelled: true }, /post-copy is not supported with tunnelled migration/],
    [{ postcopyResume: true }, /resuming failed post-copy migration requires post-copy to be enabled/],
    [{ offline: true }, /offline migration must be specified with the persistent flag set/],
    [{ offline: true, persistDestination: true, copyStorage: 'all' }, /offline migration cannot handle non-shared storage/],
    [{ zeroCopy: true }, /^Requested operation is not valid: zero-copy is only available for parallel migration$/],
    [{ zeroCopy: true, parallel: true, tls: true }, /zero-copy is not possible with TLS/],
    [{ tunnelled: true, parallel: true }, /a tunnel is one connection/],
    [{ tunnelled: true, copyStorage: 'incremental' }, /not supported with tunnelled migration/],
    [{ migrateDisks: ['vda'] }, /only where non-shared storage is copied/],
    [{ compressionMethods: ['zstd'] }, /Compression method 'zstd' is only supported with parallel migration/],
    [{ compressionMethods: ['mt'], parallel: true }, /Compression method 'mt' isn't supported with parallel migration/],
    [{ compressionMethods: ['zlib', 'zstd'], parallel: true }, /Only one compression method/],
    [{ compressionMethods: ['mt', 'mt'] }, /'mt' is specified twice/],
    [{ compressed: true, parallel: true }, /No compression algorithm selected/],
    [{ compressionXbzrleCacheBytes: 1 << 20 }, /Turn xbzrle compression on to tune it/],
    [{ autoConvergeInitialPercent: 20 }, /Turn auto convergence on to tune it/],
    [{ parallelConnections: 4 }, /Turn parallel migration on to tune it/],
  ])('%j is refused in words that say why', (given, words) => {
    expect(() => checkMigrationOptions(options(given))).toThrow(words);
  });

  test.each<MigrationOptionsInput>([
    {}, { live: true, postcopy: true, postcopyBandwidthMiBps: 5 }, { compressed: true, compressionXbzrleCacheBytes: 1 << 20 }, { parallel: true, zeroCopy: true, parallelConnections: 8 },
    { tls: true, tlsDestination: 'a' }, { copyStorage: 'all', migrateDisks: ['vda'], copyStorageSynchronousWrites: true }, { offline: true, persistDestination: true }, { tunnelled: true, live: true },
  ])('%j is not', (given) => {
    expect(() => checkMigrationOptions(options(given))).not.toThrow();
  });
});

describe('what QEMU is told', () => {
  test('both sides have events and a way back, the source stops before the switch-over, the destination leaves the images alone until then', () => {
    expect(on({ live: true })).toEqual(['events', 'return-path', 'pause-before-switchover']);
    expect(on({ live: true }, 'destination')).toEqual(['events', 'return-path', 'late-block-activate']);
  });

  test('a tunnel has no way back', () => {
    expect(on({ live: true, tunnelled: true })).not.toContain('return-path');
  });

  test('compression without a method is XBZRLE, on both sides', () => {
    expect([on({ compressed: true }), on({ compressed: true }, 'destination')].map((all) => all.includes('xbzrle'))).toEqual([true, true]);
  });

  test('what is sent is never limited to what QEMU does by itself', () => {
    expect(setUp({}).parameters).toMatchObject({ 'max-bandwidth': unlimitedBytesPerSecond });
    expect(setUp({}, 'source', 3).parameters).toMatchObject({ 'max-bandwidth': 3 << 20 });
    expect(setUp({}, 'destination').parameters).toEqual({});
  });

  test('parallel connections and their compression are the same on both sides', () => {
    const given: MigrationOptionsInput = { parallel: true, parallelConnections: 5, compressionMethods: ['zstd'], compressionZstdLevel: 7 };
    const expected = { 'multifd-channels': 5, 'multifd-compression': 'zstd', 'multifd-zstd-level': 7 };
    expect([setUp(given).parameters, setUp(given, 'destination').parameters]).toMatchObject([expected, expected]);
  });

  test('a live migration has the throttle at hand, held so tight that no guest feels it', () => {
    const known: MigrationSettings = { capabilities: { 'auto-converge': false }, parameters: { 'max-cpu-throttle': 99 } };
    const throttled = (given: MigrationOptionsInput): unknown => {
      const { capabilities, parameters } = withThrottleAtHand(setUp(given), options(given), known);
      return [capabilities.get('auto-converge'), parameters['cpu-throttle-initial'], parameters['max-cpu-throttle']];
    };
    expect(throttled({ live: true })).toEqual([true, 1, 1]);
    expect(throttled({ live: true, autoConverge: true, autoConvergeInitialPercent: 30 })).toEqual([true, 30, 99]);
    expect(throttled({})).toEqual([false, undefined, undefined]);
  });
});

test('bandwidth from 8796093022208 MiB a second on overflows, as in libvirt', () => {
  expect(() => bandwidthBytes(8_796_093_022_208)).toThrow('numerical overflow: bandwidth must be less than 8796093022208');
  expect(bandwidthMiBps(bandwidthBytes(8_796_093_022_207))).toBe(0);
  expect(bandwidthMiBps(bandwidthBytes(17))).toBe(17);
});

describe('what QEMU says', () => {
  const ram = {
    total: 1 << 20, remaining: 4096, transferred: 8192, duplicate: 3, skipped: 0, normal: 2, 'normal-bytes': 8192, 'dirty-pages-rate': 7, mbps: 8, 'dirty-sync-count': 4, 'postcopy-requests': 1, 'page-size': 4096,
    'multifd-bytes': 0, 'pages-per-second': 0, 'precopy-bytes': 0, 'downtime-bytes': 0, 'postcopy-bytes': 0, 'dirty-sync-missed-zero-copy': 0,
  };

  test('is told in the words of job statistics', () => {
    const { report } = readMigration({ status: 'active', 'setup-time': 5, 'expected-downtime': 300, ram });
    expect(report).toEqual({
      setupMs: 5,
      expectedDowntimeMs: 300,
      memory: { totalBytes: 1 << 20, processedBytes: 8192, remainingBytes: 4096, constantPages: 3, normalPages: 2, normalBytes: 8192, speedBytesPerSecond: 1_000_000, dirtyRatePagesPerSecond: 7, pageSizeBytes: 4096, iteration: 4, postcopyRequests: 1 },
    });
  });

  test('a throttle that is only at hand is none', () => {
    const throttle = (percent: number): unknown => readMigration({ status: 'active', 'cpu-throttle-percentage': percent }).report.autoConvergeThrottlePercent;
    expect([throttle(1), throttle(20)]).toEqual([undefined, 20]);
  });

  test('nothing at all is a migration that is not there', () => {
    expect(readMigration({})).toMatchObject({ status: 'none', blockedReasons: [], error: null, totalMs: null });
  });
});
