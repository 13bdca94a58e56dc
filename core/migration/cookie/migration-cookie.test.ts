import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VireoError } from '../../base/errors.ts';
import type { CookieStatistics } from './cookie-statistics.ts';
import { formatCookie } from './format-cookie.ts';
import { type MigrationCookie, cookieFeatures, createCookie } from './migration-cookie.ts';
import { type ExpectedCookie, parseCookie } from './parse-cookie.ts';

const from = { name: 'web', uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809', hostName: 'alpha', hostUuid: '11111111-2222-4333-8444-555555555555' };
const reader: ExpectedCookie = { name: from.name, uuid: from.uuid, hostUuid: '99999999-2222-4333-8444-555555555555', heeds: cookieFeatures };

const statistics: CookieStatistics = {
  startedMs: 1_700_000_000_000,
  stoppedMs: 1_700_000_004_000,
  sentMs: 1_700_000_004_010,
  deltaMs: -12,
  elapsedMs: 4_010,
  report: {
    downtimeMs: 17,
    memory: { totalBytes: 268_435_456, processedBytes: 123_456, remainingBytes: 0, speedBytesPerSecond: 1_000_000, constantPages: 7, normalPages: 8, normalBytes: 32_768, dirtyRatePagesPerSecond: 3, iteration: 2, postcopyRequests: 0, pageSizeBytes: 4096 },
    disk: { totalBytes: 0, processedBytes: 0, remainingBytes: 0, speedBytesPerSecond: 0 },
    compression: {},
    autoConvergeThrottlePercent: 0,
  },
};

const whole: MigrationCookie = createCookie(from, {
  features: ['lockstate', 'persistent', 'memory-hotplug'],
  graphics: { type: 'spice', port: 5900, tlsPort: -1, listen: '127.0.0.1', tlsSubject: 'C=GB,CN=alpha' },
  lockState: { driver: 'lease', leases: 'a b' },
  persistentXml: "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n  <name>web</name>\n  <qemu:commandline/>\n</domain>\n",
  network: [{ index: 1, vportType: 'openvswitch', portData: 'x & y' }],
  nbd: { port: 49_153, disks: [{ target: 'vda', capacityBytes: 10_737_418_240 }] },
  statistics,
  cpuXml: "<cpu mode='custom' match='exact'>\n  <model>qemu64</model>\n</cpu>\n",
  capabilities: [{ name: 'postcopy-ram', automatic: false }, { name: 'late-block-activate', automatic: true }],
  blockDirtyBitmaps: [{ target: 'vda', bitmaps: [{ name: 'daily', alias: 'libvirt-vda-daily' }] }],
});

function refusal(text: string, expected: Partial<ExpectedCookie> = {}): string {
  try {
    parseCookie(text, { ...reader, ...expected });
  } catch (error) {
    if (error instanceof VireoError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

const changed = (what: string | RegExp, into: string): string => formatCookie(whole).replace(what, into);

test('a cookie is written as libvirt writes it', async () => {
  await expect(formatCookie(whole)).toMatchFileSnapshot('golden/whole.xml');
  await expect(formatCookie(createCookie(from))).toMatchFileSnapshot('golden/least.xml');
});

test('what was written is read back', () => {
  expect(parseCookie(formatCookie(whole), reader)).toEqual(whole);
  expect(parseCookie(formatCookie(createCookie(from)), reader)).toEqual(createCookie(from));
});

test('an empty text is no cookie, and a UUID in other letters is the same', () => {
  expect(parseCookie('', reader)).toBeNull();
  expect(parseCookie(formatCookie(whole), { ...reader, uuid: from.uuid.toUpperCase() })).toEqual(whole);
});

describe('refused, with the element that is wrong', () => {
  test.each([
    ['no name', changed('<name>web</name>', ''), 'missing name element in migration data'],
    ['no UUID', changed(/<uuid>.*<\/uuid>/, '<uuid/>'), 'missing uuid element in migration data'],
    ['no host', changed('<hostname>alpha</hostname>', ''), 'missing hostname element in migration data'],
    ['no host UUID', changed(/<hostuuid>.*<\/hostuuid>/, ''), 'missing hostuuid element in migration data'],
    ['a broken host UUID', changed(from.hostUuid, 'xyz'), 'malformed hostuuid element in migration data'],
    ['another name', changed('<name>web', '<name>db'), 'Incoming cookie data had unexpected name db vs web'],
    ['another UUID', changed(from.uuid, 'c7a5fdbd-edaf-9455-926a-000000000000'), `Incoming cookie data had unexpected UUID c7a5fdbd-edaf-9455-926a-000000000000 vs ${from.uuid}`],
    ['a feature without a name', changed("<feature name='persistent'/>", '<feature/>'), 'missing feature name'],
    ['a feature that nobody knows', changed("name='persistent'", "name='warp'"), 'Unknown migration cookie feature warp'],
    ['two definitions', changed('<network>', '<domain/><network>'), 'Too many domain elements in migration cookie'],
    ['an unknown screen', changed("type='spice'", "type='eye'"), 'unknown graphics type eye'],
    ['a screen without a port', changed(" port='5900'", ''), 'missing port attribute in migration data (<graphics>)'],
    ['a lock without a driver', changed(" driver='lease'", ''), 'Missing lock driver name in migration cookie'],
    ['an interface without a type', changed(" vporttype='openvswitch'", ''), 'missing vporttype attribute in migration data (<interface>)'],
    ['a port of the NBD server that is none', changed("port='49153'", "port='99999'"), "Malformed nbd port '99999'"],
    ['a disk without a target', changed("<disk target='vda' capacity", '<disk capacity'), 'Malformed disk target'],
    ['a capacity that is no number', changed("capacity='10737418240'", "capacity='-1'"), "Malformed disk capacity: '-1'"],
    ['a capability without a name', changed("name='postcopy-ram' ", ''), 'missing migration capability name'],
    ['a bitmap without an alias', changed(" alias='libvirt-vda-daily'", ''), 'malformed <blockDirtyBitmaps> in migration cookie'],
  ])('%s', (_, text, words) => {
    expect(refusal(text)).toBe(`internal error: ${words}`);
  });

  test('a guest that would move to where it is', () => {
    expect(refusal(formatCookie(whole), { hostUuid: from.hostUuid })).toBe(`internal error: Attempt to migrate guest to the same host ${from.hostUuid}`);
  });

  test('a mandatory feature that the reader does not heed', () => {
    expect(refusal(formatCookie(whole), { heeds: ['persistent', 'lockstate'] })).toBe('internal error: Unsupported migration cookie feature memory-hotplug');
  });

  test('what is no XML, or another document', () => {
    expect(refusal('<qemu-migration>')).toMatch(/^XML error: \(qemu_migration_cookie\):/);
    expect(refusal('<domain/>')).toBe('internal error: unexpected root element <domain> in migration data');
  });
});

test('numbers of the past that make no sense are left out, and stop nothing', () => {
  const text = changed('<memory_total>268435456</memory_total>', '<memory_total>many</memory_total>').replace('<started>1700000000000</started>', '<started>-5</started>');
  expect(parseCookie(text, reader)?.statistics).toMatchObject({ startedMs: 0, report: { memory: { processedBytes: 123_456 } } });
  expect(parseCookie(text, reader)?.statistics?.report.memory?.totalBytes).toBeUndefined();
});

test('whatever is cut out of a cookie or put into it, it is read or refused by an error of ours', () => {
  const text = formatCookie(whole);
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(60), fc.string({ maxLength: 12 }), (at, length, put) => {
      try {
        parseCookie(text.slice(0, at) + put + text.slice(at + length), reader);
      } catch (error) {
        if (!(error instanceof VireoError) || (error.code !== 'INTERNAL_ERROR' && error.code !== 'XML_ERROR')) throw error;
      }
    }),
    { numRuns: 400 },
  );
});
