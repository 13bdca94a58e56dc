/** Statistics of a hundred running guests in one call, beside the same questions to each QEMU over a bare socket of its own. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../core/api/client.ts';
import { graphGroups } from '../core/statistics/statistics-record.ts';
import { BareQmp } from './bare-qmp.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';
import type { HostProcess } from './host-process.ts';
import { forEachAtOnce, repeatCall, timed } from './repeat-call.ts';

const guests = 100;
const startsAtOnce = 4;
const perRound = 5;
const watchedMs = 1_500;

export const domstats: Bench = {
  name: 'domstats',
  title: `${guests} running guests that halt, one virtio disk and one balloon each`,
  defaultRounds: 5,
  limitMs: 120_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  const names = Array.from({ length: guests }, (_, index) => `guest-${index}`);
  const disk = path.join(host.home, 'halting.raw');
  await writeFile(disk, haltingSector());
  await forEachAtOnce(names, startsAtOnce, async (name) => {
    await client.call('domainDefineXML', { xml: guestXml(name, disk, bareSocket(host, name)) });
    await client.call('domainCreate', { domain: name });
  });
  const bare = await Promise.all(names.map((name) => BareQmp.connect(bareSocket(host, name))));
  try {
    const rows = await inRounds(context, variants(client, bare));
    const hung = await withOneHung(context, client);
    const meanwhile = await callsMeanwhile(context, host, client);
    return {
      rows: [...rows, ...hung, ...meanwhile.rows],
      notes: [
        `the median of ${perRound} in each round; the bare control asks ${commands.length} commands of each QEMU in one write, over a second monitor, and parses the answers`,
        `for curves: the groups ${graphGroups.join(', ')}`,
        ...meanwhile.notes,
      ],
    };
  } finally {
    for (const each of bare) each[Symbol.dispose]();
    client.close();
  }
}

const bareSocket = (host: HostProcess, name: string): string => path.join(host.home, name);

/** What the host asks of such a guest for all groups. */
const commands = [
  { execute: 'query-balloon' },
  { execute: 'qom-get', arguments: { path: '/machine/peripheral/balloon0', property: 'guest-stats' } },
  { execute: 'query-blockstats' },
  { execute: 'query-named-block-nodes', arguments: { flat: true } },
  { execute: 'query-dirty-rate' },
];

/** `hlt` and a jump back to it: woken 18 times a second by the firmware's timer, as an idle guest is. */
function haltingSector(): Buffer {
  const image = Buffer.alloc(1 << 20);
  image.set([0xf4, 0xeb, 0xfd]);
  image.set([0x55, 0xaa], 510);
  return image;
}

function guestXml(name: string, disk: string, monitor: string): string {
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${name}</name>
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='vda' bus='virtio'/><readonly/></disk>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'><stats period='5'/></memballoon>
  </devices>
  <qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='unix:${monitor},server=on,wait=off'/></qemu:commandline>
</domain>`;
}

interface Variant extends Omit<Row, 'samples'> {
  readonly run: () => Promise<unknown>;
}

function variants(client: Client, bare: readonly BareQmp[]): Variant[] {
  const all = 'bare: the same questions to 100 QEMUs';
  const one = 'bare: the same questions to 1 QEMU';
  return [
    { what: all, unit: 'ms', run: () => Promise.all(bare.map((qmp) => qmp.ask(commands))) },
    { what: 'domstats of 100', unit: 'ms', base: all, run: () => complete(client, {}) },
    { what: 'domstats of 100, for curves', unit: 'ms', base: all, run: () => complete(client, { groups: graphGroups }) },
    { what: 'domstats of 100, state and CPU time', unit: 'ms', run: () => complete(client, { groups: ['state', 'cpu-total'] }) },
    { what: one, unit: 'ms', run: () => bare[7]!.ask(commands) },
    { what: 'domstats of 1', unit: 'ms', base: one, run: () => complete(client, { domains: ['guest-7'] }) },
    { what: 'domstats of 1, for curves', unit: 'ms', base: one, run: () => complete(client, { domains: ['guest-7'], groups: graphGroups }) },
  ];
}

async function complete(client: Client, request: { readonly domains?: string[]; readonly groups?: readonly (typeof graphGroups)[number][] }): Promise<void> {
  const { records } = await client.call('connectGetAllDomainStats', { ...request, groups: [...(request.groups ?? [])] });
  const missing = records.find(({ incomplete }) => incomplete !== null);
  if (missing) throw new Error(`${missing.domain.name}: ${missing.incomplete}`);
}

async function inRounds({ rounds, signal }: BenchContext, chosen: readonly Variant[]): Promise<Row[]> {
  const samples = chosen.map(() => [] as number[]);
  for (const { run } of chosen) await run(); // the first of each is compiled, not measured
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of chosen.entries()) {
      signal.throwIfAborted();
      samples[index]!.push(await medianOf(run));
    }
  }
  return chosen.map(({ what, unit, base }, index) => ({ what, unit, samples: samples[index]!, ...(base === undefined ? {} : { base }) }));
}

async function medianOf(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let each = 0; each < perRound; each++) times.push(await timed(run));
  return times.toSorted((left, right) => left - right)[Math.floor(perRound / 2)]!;
}

/** One QEMU is stopped as a process: the first call finds it out, those after it know. */
async function withOneHung({ rounds, signal }: BenchContext, client: Client): Promise<Row[]> {
  const { pid } = await client.call('domainLookup', { domain: 'guest-50' });
  const [first, later] = [[] as number[], [] as number[]];
  const ask = async (): Promise<number> => {
    const { records } = await client.call('connectGetAllDomainStats', {});
    return records.filter(({ incomplete }) => incomplete !== null).length;
  };
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    process.kill(pid!, 'SIGSTOP');
    try {
      for (const times of [first, later]) {
        let silent = 0;
        times.push(await timed(async () => (silent = await ask())));
        if (silent !== 1) throw new Error(`${silent} of ${guests} guests did not answer, and not 1`);
        await new Promise((resolve) => setTimeout(resolve, 1_100)); // a window asks again after a second
      }
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    while ((await ask()) > 0) signal.throwIfAborted();
  }
  return [
    { what: 'domstats of 100, one of them hangs since now', unit: 'ms', samples: first },
    { what: 'domstats of 100, one of them hangs since 1 s', unit: 'ms', samples: later },
  ];
}

/** Domstats of all, one call after the other: what other calls and the event loop feel of it. */
async function callsMeanwhile({ rounds, signal }: BenchContext, host: HostProcess, client: Client): Promise<Measurement> {
  const [alone, beside, idle, busy] = [[], [], [], []] as [number[], number[], number[], number[]];
  let highestMs = 0;
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    alone.push((await repeatCall(() => client.call('domainGetInfo', { domain: 'guest-3' }), 200, 1)) / 200);
    await host.ask('beginDelay', {});
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    idle.push((await host.ask('endDelay', {})).p99Ms);
    await host.ask('beginDelay', {});
    const until = performance.now() + watchedMs;
    const asking = (async () => {
      while (performance.now() < until) await client.call('connectGetAllDomainStats', {});
    })();
    const times: number[] = [];
    while (performance.now() < until) times.push(await timed(() => client.call('domainGetInfo', { domain: 'guest-3' })));
    await asking;
    const delay = await host.ask('endDelay', {});
    busy.push(delay.p99Ms);
    highestMs = Math.max(highestMs, delay.highestMs);
    beside.push(times.reduce((sum, ms) => sum + ms, 0) / times.length);
  }
  const [aloneRow, idleRow] = ['domainGetInfo alone, each', "the event loop's delay, idle, 99th percentile"];
  return {
    rows: [
      { what: aloneRow, unit: 'ms', samples: alone },
      { what: 'domainGetInfo while domstats of 100 runs without a pause, each', unit: 'ms', samples: beside, base: aloneRow },
      { what: idleRow, unit: 'ms', samples: idle },
      { what: "the event loop's delay meanwhile, 99th percentile", unit: 'ms', samples: busy, base: idleRow },
    ],
    notes: [`the longest delay of the event loop meanwhile was ${highestMs.toFixed(1)} ms`],
  };
}
