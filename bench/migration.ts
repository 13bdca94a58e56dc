/**
 * A guest that moves from host to host of one computer, led by its source, beside the same with bare QMP commands; turn by
 * turn, the start of the QEMU that waits counted on both sides. And what people see of a slow one: progress, and answers.
 */
import { randomFillSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../core/api/client.ts';
import { bootGuestXml } from '../test/support/boot-guest.ts';
import { dirtySectorImage } from '../test/support/dirty-sector.ts';
import { migrationOptions } from '../test/support/migration-hosts.ts';
import { type BareMigration, migrateBare } from './bare-migration.ts';
import { launchOf } from './bare-qemu.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';
import type { HostProcess } from './host-process.ts';

const fullMiB = 128;
const dirtyMiB = 24;
const settleMs = 500;
/** So much a second makes a migration of the idle guest last for seconds. */
const slowMiBps = 32;

export const migration: Bench = {
  name: 'migration',
  title: `a guest moves over the loopback: idle with ${fullMiB} MiB of noise, and one that changes ${dirtyMiB} MiB without end`,
  defaultRounds: 7,
  limitMs: 240_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using source = await context.startHost();
  await using destination = await context.startHost();
  await Promise.all([source.open(), destination.open()]);
  const pair: HostPair = { source: await source.connect(), destination: await destination.connect(), uri: `vireo+unix://${destination.home}` };
  const guests = [
    { name: 'idle', xml: await idleGuest(source) },
    { name: 'dirtying', xml: await dirtyingGuest(source) },
  ];
  const rows: Row[] = [];
  for (const { name, xml } of guests) {
    await pair.source.call('domainDefineXML', { xml });
    rows.push(...(await sideBySide(context, pair, name)));
  }
  const { progressPerSecond, answersMs } = await watchSlowOne(pair);
  for (const client of [pair.source, pair.destination]) client.close();
  return {
    rows: [...rows, { what: `progress a second, at ${slowMiBps} MiB/s`, unit: '', samples: [progressPerSecond] }, { what: 'domainGetInfo and domainLookup meanwhile', unit: 'ms', samples: answersMs }],
    notes: [`99 of 100 answers during a migration came within ${percentile(answersMs, 0.99).toFixed(1)} ms`, 'downtimes are from the last instruction here to the first there: bare by the stamps of QEMU, ours as the destination tells it'],
  };
}

interface HostPair {
  readonly source: Client;
  readonly destination: Client;
  readonly uri: string;
}

async function sideBySide({ rounds, signal }: BenchContext, pair: HostPair, domain: string): Promise<readonly Row[]> {
  const { pid } = await pair.source.call('domainCreate', { domain });
  const launch = await launchOf(pid as number);
  await pair.source.call('domainDestroy', { domain });
  const settle = (): Promise<void> => sleep(settleMs, undefined, { signal });
  const bare: BareMigration[] = [];
  const ours: BareMigration[] = [];
  await move(pair, domain, settle); // the first of all is not measured
  for (let round = 0; round < rounds; round++) {
    bare.push(await migrateBare(launch, settle, signal));
    ours.push(await move(pair, domain, settle));
  }
  const times = (what: string, of: (each: BareMigration) => number): readonly Row[] => [
    { what: `${domain}: bare, ${what}`, unit: 'ms', samples: bare.map(of) },
    { what: `${domain}: domainMigrateToURI3, ${what}`, unit: 'ms', samples: ours.map(of), base: `${domain}: bare, ${what}` },
  ];
  return [...times('in all', ({ totalMs }) => totalMs), ...times('downtime', ({ downtimeMs }) => downtimeMs)];
}

/** There; it ends there, and the next time begins at the source again. */
async function move({ source, destination, uri }: HostPair, domain: string, settle: () => Promise<void>): Promise<BareMigration> {
  await source.call('domainCreate', { domain });
  await settle();
  const beganMs = performance.now();
  await source.call('domainMigrateToURI3', { domain, uri, options: { ...migrationOptions(), uri: null } });
  const totalMs = performance.now() - beganMs;
  const { migration: view } = await destination.call('domainGetMigration', { domain });
  await destination.call('domainDestroy', { domain });
  return { totalMs, downtimeMs: view?.downtimeMs ?? Number.NaN };
}

/** How often what is shown changes, and how soon the host answers others meanwhile. */
async function watchSlowOne({ source, destination, uri }: HostPair): Promise<{ readonly progressPerSecond: number; readonly answersMs: readonly number[] }> {
  const domain = 'idle';
  await source.call('domainCreate', { domain });
  let isMoving = true;
  const moved = source.call('domainMigrateToURI3', { domain, uri, options: { ...migrationOptions({ bandwidthMiBps: slowMiBps }), uri: null } }).finally(() => (isMoving = false));
  const answersMs: number[] = [];
  const seen = new Set<number>();
  let [firstMs, lastMs] = [0, 0];
  while (isMoving) {
    const askedMs = performance.now();
    await source.call('domainGetInfo', { domain });
    await source.call('domainLookup', { domain });
    answersMs.push((performance.now() - askedMs) / 2);
    const { migration: view } = await source.call('domainGetMigration', { domain });
    for (const { atMs } of view?.samples ?? []) seen.add(atMs);
    if (seen.size > 0) firstMs ||= performance.now();
    lastMs = performance.now();
    await sleep(5);
  }
  await moved;
  await destination.call('domainDestroy', { domain });
  return { progressPerSecond: seen.size / ((lastMs - firstMs) / 1000), answersMs };
}

/** QEMU's own loader fills its memory; nothing boots. */
async function idleGuest({ home }: HostProcess): Promise<string> {
  const noise = path.join(home, 'noise.bin');
  await writeFile(noise, randomFillSync(Buffer.alloc(fullMiB << 20)));
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>idle</name>
  <memory unit='MiB'>${fullMiB * 2}</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><controller type='usb' model='none'/><memballoon model='none'/></devices>
  <qemu:commandline><qemu:arg value='-device'/><qemu:arg value='loader,file=${noise},addr=0x4000000,force-raw=on'/></qemu:commandline>
</domain>`;
}

async function dirtyingGuest({ home }: HostProcess): Promise<string> {
  const disk = path.join(home, 'dirty.raw');
  await writeFile(disk, dirtySectorImage({ dirtyMiB }));
  return bootGuestXml(disk, { name: 'dirtying', memoryMiB: 64 });
}

function percentile(samples: readonly number[], at: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0;
}
