/** Numbers for previews: what a small web server might use, and what its agent tells. */
import type { AnyMethodResult } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { StatisticsParameters } from '../../core/statistics/statistics-record.ts';

type Statistics = AnyMethodResult<'connectGetAllDomainStats'>;
type GuestReport = AnyMethodResult<'domainGetGuestInfo'>;

const counters = new Map<string, { atMs: number; cpuNs: number; readBytes: number; writeBytes: number; rxBytes: number; txBytes: number }>();

/** Counters that go on from the last call; what a domain has decides what is counted of it. */
export function fakeStatistics({ uuid, name, id, vcpus, memoryKiB, devices, state }: DomainSummary): Statistics['records'][number] {
  const atMs = Date.now();
  const known = counters.get(uuid) ?? { atMs, cpuNs: 0, readBytes: 0, writeBytes: 0, rxBytes: 0, txBytes: 0 };
  const seconds = (atMs - known.atMs) / 1000;
  const wave = (period: number, phase = 0): number => (1 + Math.sin((atMs / 1000 / period) * 2 * Math.PI + phase)) / 2;
  const isBusy = state === 'running' ? 1 : 0;
  const burst = Math.floor(atMs / 20_000) % 3 === 0 ? 1 : 0.06;
  known.cpuNs += seconds * isBusy * vcpus * (0.06 + 0.3 * wave(47) * burst + 0.12 * wave(7)) * 1e9;
  known.readBytes += seconds * isBusy * burst * wave(11) * 3e6;
  known.writeBytes += seconds * isBusy * (burst * wave(17, 1) * 9e6 + 40_000);
  known.rxBytes += seconds * isBusy * (wave(29) * 180_000 + 900);
  known.txBytes += seconds * isBusy * (wave(31, 2) * 1_400_000 + 500);
  counters.set(uuid, { ...known, atMs });
  const cards = devices.filter(({ kind }) => kind === 'interface');
  const isCounted = cards.some(({ label }) => !label.includes('user'));
  const whole = (values: StatisticsParameters): StatisticsParameters => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeof value === 'number' ? Math.round(value) : value]));
  const parameters = whole({
    'cpu.time': known.cpuNs,
    'balloon.current': memoryKiB,
    'balloon.rss': memoryKiB * 0.83,
    ...(uuid.endsWith('1') ? { 'balloon.available': memoryKiB * 0.97, 'balloon.usable': memoryKiB * (0.42 - 0.08 * wave(90)) } : {}),
    'net.count': cards.length,
    ...(isCounted ? { 'net.0.rx.bytes': known.rxBytes, 'net.0.tx.bytes': known.txBytes } : {}),
    'block.count': devices.filter(({ kind }) => kind === 'disk').length,
    'block.0.rd.bytes': known.readBytes,
    'block.0.wr.bytes': known.writeBytes,
    'block.0.rd.reqs': known.readBytes / 16_384,
    'block.0.wr.reqs': known.writeBytes / 16_384,
  });
  return { domain: { uuid, name, id }, sampledAtMs: atMs, parameters, incomplete: null };
}

/** A text console of a guest that has just booted. */
export async function fakeScreenshot(): Promise<AnyMethodResult<'domainScreenshot'>> {
  const [widthPixels, heightPixels] = [720, 400];
  const canvas = new OffscreenCanvas(widthPixels, heightPixels);
  const drawing = canvas.getContext('2d');
  if (drawing) {
    drawing.fillStyle = '#000';
    drawing.fillRect(0, 0, widthPixels, heightPixels);
    drawing.fillStyle = '#b8b8b8';
    drawing.font = '15px monospace';
    ['Debian GNU/Linux 12 web-1 tty1', '', 'web-1 login: root', 'Password:', 'Last login: Thu May  7 09:12:44 CEST 2026', 'root@web-1:~# _'].forEach((line, index) => drawing.fillText(line, 4, 18 * (index + 1)));
  }
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
  return { mediaType: 'image/png', widthPixels, heightPixels, image: btoa(String.fromCharCode(...bytes)) };
}

const gib = 2 ** 30;

export const guestReport: GuestReport = {
  hostname: 'web-1.shop.example',
  os: { id: 'debian', name: 'Debian GNU/Linux', prettyName: 'Debian GNU/Linux 12 (bookworm)', version: '12 (bookworm)', versionId: '12', variant: null, variantId: null, machine: 'x86_64', kernelRelease: '6.1.0-37-amd64', kernelVersion: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1' },
  timezone: { name: 'CET', offsetSeconds: 3_600 },
  interfaces: [
    { name: 'lo', mac: null, addresses: [{ type: 'ipv4', address: '127.0.0.1', prefix: 8 }, { type: 'ipv6', address: '::1', prefix: 128 }] },
    { name: 'enp1s0', mac: '52:54:00:6b:3c:58', addresses: [{ type: 'ipv4', address: '10.0.2.15', prefix: 24 }, { type: 'ipv6', address: 'fec0::5054:ff:fe6b:3c58', prefix: 64 }, { type: 'ipv6', address: 'fe80::5054:ff:fe6b:3c58', prefix: 64 }] },
  ],
  filesystems: [
    { mountpoint: '/', name: 'vda2', type: 'ext4', totalBytes: 19.5 * gib, usedBytes: 8.1 * gib, disks: [{ target: 'vda', serial: null, device: '/dev/vda2' }] },
    { mountpoint: '/boot/efi', name: 'vda1', type: 'vfat', totalBytes: 0.5 * gib, usedBytes: 0.01 * gib, disks: [{ target: 'vda', serial: null, device: '/dev/vda1' }] },
    { mountpoint: '/srv/backups/of/the/shop/and/its/pictures', name: 'vdb', type: 'xfs', totalBytes: 100 * gib, usedBytes: 97.2 * gib, disks: [{ target: 'vdb', serial: null, device: '/dev/vdb' }] },
  ],
  users: [{ name: 'ann', domain: null, loginTimeMs: Date.now() - 5_400_000 }, { name: 'deploy', domain: null, loginTimeMs: Date.now() - 120_000 }],
  disks: null,
  load: { one: 0.42, five: 0.3, fifteen: 0.21 },
  missing: [],
};

const unknownMemory = { constantPages: null, normalPages: null, normalBytes: null, dirtyRatePagesPerSecond: null, pageSizeBytes: null, iteration: null, postcopyRequests: null };

/** A dump of 2 GiB, two thirds done. */
export const dumpStatistics: NonNullable<AnyMethodResult<'domainGetJobStats'>['statistics']> = {
  type: 'unbounded', operation: 'dump', elapsedMs: 4_100, elapsedNetMs: null, remainingMs: 2_400, setupMs: null, expectedDowntimeMs: null, downtimeMs: null, downtimeNetMs: null,
  memory: { ...unknownMemory, totalBytes: 2 * gib, processedBytes: 1.34 * gib, remainingBytes: 0.66 * gib, speedBytesPerSecond: 312 * 2 ** 20 },
  disk: { totalBytes: null, processedBytes: null, remainingBytes: null, speedBytesPerSecond: null, temporaryUsedBytes: null, temporaryTotalBytes: null },
  compression: { cacheBytes: null, compressedBytes: null, pages: null, cacheMisses: null, overflows: null },
  autoConvergeThrottlePercent: null, success: null, errorMessage: null,
};
