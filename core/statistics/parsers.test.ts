import { endianness } from 'node:os';
import { expect, test } from 'vitest';
import { kvmParameters } from './kvm-statistics.ts';
import { memoryStatistics, readGuestStats } from './memory-usage.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { interfaceParameters, parseHostInterfaces } from './network-usage.ts';
import { parsePageSize } from './page-size.ts';
import { readPicture } from './screenshot.ts';
import { stateParameters } from './state-numbers.ts';
import { parseSchedstat } from './vcpu-usage.ts';

const unset = 2 ** 64; // 2^64-1, as JSON.parse reads it

test('of what a guest reports about its memory only counts that can be true are passed on', () => {
  const stats = { 'stat-swap-in': 2048, 'stat-total-memory': 4_194_304, 'stat-free-memory': unset, 'stat-major-faults': -1, 'stat-minor-faults': 1.5, 'stat-disk-caches': 'many', 'stat-available-memory': 1e300 };
  expect(readGuestStats({ stats, 'last-update': 1_700_000_000 })).toEqual([['swap_in', 2], ['available', 4096], ['last-update', 1_700_000_000]]);
});

test('a guest that never reported has told nothing, and so has a QEMU that answers something else', () => {
  expect(readGuestStats({ stats: { 'stat-total-memory': 4096 }, 'last-update': 0 })).toEqual([]);
  for (const answer of [null, {}, [], 'x', { stats: 3, 'last-update': 1 }, { 'last-update': 5 }]) expect(readGuestStats(answer)).toEqual([]);
});

test('dommemstat has the balloon first and what QEMU takes last', () => {
  expect(Object.entries(memoryStatistics({ actualKiB: 4, guest: [['unused', 1], ['last-update', 9]], residentKiB: 5 }))).toEqual([['actual', 4], ['unused', 1], ['last_update', 9], ['rss', 5]]);
  expect(memoryStatistics({ actualKiB: null, guest: [], residentKiB: null })).toEqual({});
});

test('interfaces of the host are read by name, whatever stands in the name', () => {
  const text = 'Inter-| x\n face |y\n    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0:1: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\nbroken: 1 2\nnonsense\n';
  expect([...parseHostInterfaces(text)]).toEqual([
    ['lo', { rx: { bytes: 1, packets: 2, errors: 3, dropped: 4 }, tx: { bytes: 9, packets: 10, errors: 11, dropped: 12 } }],
    ['eth0:1', { rx: { bytes: 1, packets: 0, errors: 0, dropped: 0 }, tx: { bytes: 2, packets: 0, errors: 0, dropped: 0 } }],
  ]);
  expect(parseHostInterfaces('').size).toBe(0);
});

test('a card on a tap is counted from the guest\'s side, a macvtap as it is, and one without either not at all', () => {
  const cards = ["<interface type='user'/>", "<interface type='ethernet'><target dev='tap7' managed='no'/></interface>", "<interface type='direct'><source dev='eth0'/><target dev='mt7' managed='no'/></interface>", "<interface type='ethernet'><target dev='gone' managed='no'/></interface>"];
  const definition = parseDomain(`<domain type='qemu'><name>n</name><memory>1024</memory><os><type>hvm</type></os><devices>${cards.join('')}</devices></domain>`);
  const line = (name: string): string => `${name}: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0`;
  expect(interfaceParameters(definition, parseHostInterfaces(['', '', line('tap7'), line('mt7')].join('\n')))).toEqual({
    'net.count': 4,
    'net.1.name': 'tap7', 'net.1.rx.bytes': 5, 'net.1.rx.pkts': 6, 'net.1.rx.errs': 7, 'net.1.rx.drop': 8, 'net.1.tx.bytes': 1, 'net.1.tx.pkts': 2, 'net.1.tx.errs': 3, 'net.1.tx.drop': 4,
    'net.2.name': 'mt7', 'net.2.rx.bytes': 1, 'net.2.rx.pkts': 2, 'net.2.rx.errs': 3, 'net.2.rx.drop': 4, 'net.2.tx.bytes': 5, 'net.2.tx.pkts': 6, 'net.2.tx.errs': 7, 'net.2.tx.drop': 8,
    'net.3.name': 'gone',
  });
});

test('the page size is found among what the kernel tells a program', () => {
  const vector = Buffer.alloc(48);
  const write = (value: bigint, at: number): unknown => (endianness() === 'LE' ? vector.writeBigUInt64LE(value, at) : vector.writeBigUInt64BE(value, at));
  write(3n, 0);
  write(6n, 16);
  write(65_536n, 24);
  expect(parsePageSize(vector)).toBe(65_536);
  expect(parsePageSize(Buffer.alloc(7))).toBe(4096);
});

test('a thread whose time is not told has none', () => {
  expect(parseSchedstat('218527798 67004236 890\n')).toEqual({ ranNs: 218_527_798, delayedNs: 67_004_236 });
  expect(parseSchedstat('')).toBeNull();
});

test('states and reasons have the numbers of libvirt', () => {
  expect(stateParameters({ state: 'running', reason: 'booted' })).toEqual({ 'state.state': 1, 'state.reason': 1 });
  expect(stateParameters({ state: 'paused', reason: 'I/O error' })).toEqual({ 'state.state': 3, 'state.reason': 5 });
  expect(stateParameters({ state: 'shut off', reason: 'daemon' })).toEqual({ 'state.state': 5, 'state.reason': 8 });
  expect(stateParameters({ state: 'crashed', reason: 'panicked' })).toEqual({ 'state.state': 6, 'state.reason': 1 });
});

test('counters of KVM say how they are to be read, and histograms are left out', () => {
  const schemas = [{ provider: 'kvm', target: 'vm', stats: [{ name: 'exits', type: 'cumulative', exponent: 0 }, { name: 'pages', type: 'instant', exponent: 0 }, { name: 'waits', type: 'log2-histogram', exponent: -9 }, { name: 'most', type: 'peak', exponent: 0 }] }] as const;
  const stats = [{ name: 'exits', value: 5 }, { name: 'pages', value: 2 }, { name: 'waits', value: [1, 2] }, { name: 'most', value: 9 }, { name: 'unheard', value: 1 }];
  expect(kvmParameters('vm', stats, schemas)).toEqual({ 'vm.exits.sum': 5, 'vm.pages.cur': 2, 'vm.most.max': 9 });
});

test('a picture says itself what it is and how large, and what is no picture is refused', () => {
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.from('00000280000001e0', 'hex'), Buffer.alloc(8)]);
  expect(readPicture(png)).toMatchObject({ mediaType: 'image/png', widthPixels: 640, heightPixels: 480 });
  expect(readPicture(Buffer.from('P6\n720 400\n255\n...'))).toMatchObject({ mediaType: 'image/x-portable-pixmap', widthPixels: 720, heightPixels: 400 });
  expect(() => readPicture(Buffer.from('GIF89a'))).toThrow('in a form that nobody knows');
});
