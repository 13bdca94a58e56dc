/** What definitions cost: reading and writing one, completing and rendering large ones, loading a thousand at a start. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { completeDefinition } from '../core/address/complete-definition.ts';
import type { QemuCapabilities } from '../core/capabilities/qemu-capabilities.ts';
import { parseRecordedCapabilities } from '../core/capabilities/recorded-capabilities.ts';
import { buildCommandLine } from '../core/command/build-command-line.ts';
import { liveDefinition } from '../core/command/live-definition.ts';
import type { DomainDefinition } from '../core/conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../core/devices/domain-xml.ts';
import { ConfigStore } from '../core/status/config-store.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';

/** Benches run in the project's folder. */
const recording = 'test/golden/capabilities-7.2.json';
const typical = 'test/golden/expected/desktop.completed.xml';
const repeats = 300;
const loaded = 1_000;
const sizes = [10, 100, 200, 1_000];

export const definitions: Bench = {
  name: 'definitions',
  title: `definitions in process: one of 150 lines, ${sizes.join(', ')} devices, ${loaded} files`,
  defaultRounds: 5,
  limitMs: 120_000,
  run: measure,
};

interface Work {
  readonly what: string;
  readonly run: () => Promise<number> | number;
}

async function measure(context: BenchContext): Promise<Measurement> {
  const capabilities = await parseRecordedCapabilities(await readFile(recording, 'utf8'), recording);
  const xml = await readFile(typical, 'utf8');
  const folder = await mkdtemp('/tmp/vireo-');
  const pauses: number[] = [];
  try {
    await writeDefinitions(folder, parseDomain(xml));
    const works: readonly Work[] = [
      { what: `parse and format ${xml.trimEnd().split('\n').length} lines`, run: () => parseAndFormat(xml) },
      ...sizes.flatMap((devices) => largeWork(devices, capabilities)),
      { what: `load ${loaded} definitions`, run: () => load(folder, pauses) },
    ];
    const rows = works.map(({ what, run }) => ({ what, run, samples: [] as number[] }));
    for (const { run } of rows) await run(); // the first of each is compiled, not measured
    pauses.length = 0;
    for (let round = 0; round < context.rounds; round += 1) {
      for (const row of rows) {
        context.signal.throwIfAborted();
        row.samples.push(await row.run());
      }
    }
    return {
      rows: [...rows.map(({ what, samples }): Row => ({ what, unit: 'ms', samples })), { what: `longest pause of the event loop while loading ${loaded}`, unit: 'ms', samples: pauses }],
      notes: [
        `parsing and formatting is the mean of ${repeats} in a row; the rest is done once a round`,
        'devices are SCSI and virtio disks, network cards, channels and USB tablets in turn, on controllers that the driver adds; with twice the devices, twice the time is linear',
        'all but loading is processor time, which says the same on a busy machine',
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseAndFormat(xml: string): number {
  return timed(() => {
    for (let repeat = 0; repeat < repeats; repeat += 1) formatDomain(parseDomain(xml), { form: 'inactive', secure: true });
  }) / repeats;
}

function largeWork(devices: number, capabilities: QemuCapabilities): readonly Work[] {
  const xml = largeXml(devices);
  let completed: DomainDefinition | null = null;
  const complete = (): DomainDefinition => completeDefinition(parseDomain(xml), { capabilities, newUuid: () => '11111111-2222-4333-8444-555555555555', newMac: () => '52:54:00:00:00:01' });
  return [
    { what: `parse and format ${devices} devices`, run: () => timed(() => formatDomain(parseDomain(xml), { form: 'inactive' })) },
    { what: `parse and complete ${devices} devices`, run: () => timed(() => (completed = complete())) },
    {
      what: `render ${devices} devices`,
      run: () => {
        const definition = (completed ??= complete());
        const launch = { capabilities, accelerator: 'tcg' as const, runFolder: '/run/x', logFolder: '/log/x', monitorPath: '/run/x/m', pidFile: '/run/x/pid' };
        return timed(() => buildCommandLine(liveDefinition(definition, launch), launch).argv);
      },
    },
  ];
}

/** The older board: its conventional PCI has room for hundreds of devices. */
function largeXml(devices: number): string {
  const disk = (index: number, prefix: string, bus: string): string =>
    `<disk type='file'><driver name='qemu' type='qcow2'/><source file='/images/${index}.qcow2'/><target dev='${prefix}${letters(index)}' bus='${bus}'/></disk>`;
  const kinds: readonly ((index: number) => string)[] = [
    (index) => disk(index, 'sd', 'scsi'),
    (index) => disk(index, 'vd', 'virtio'),
    (index) => `<interface type='user'><mac address='52:54:00:00:${hexByte(index >> 8)}:${hexByte(index & 0xff)}'/><model type='virtio'/></interface>`,
    (index) => `<channel type='pty'><target type='virtio' name='port.${index}'/></channel>`,
    () => `<input type='tablet' bus='usb'/>`,
  ];
  const all = Array.from({ length: devices }, (_, index) => kinds[index % kinds.length]?.(index)).join('\n');
  return `<domain type='qemu'><name>large</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>\n${all}\n</devices></domain>`;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** a to z, aa and on. */
function letters(index: number): string {
  return (index >= 26 ? letters(Math.floor(index / 26) - 1) : '') + String.fromCodePoint(97 + (index % 26));
}

async function writeDefinitions(folder: string, definition: DomainDefinition): Promise<void> {
  const store = new ConfigStore(folder);
  for (let index = 0; index < loaded; index += 1) {
    const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    await store.save(uuid, { ...definition, uuid, name: `domain-${index}` });
  }
}

async function load(folder: string, pauses: number[]): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const beganMs = performance.now();
  const { definitions: found } = await new ConfigStore(folder).load();
  const ms = performance.now() - beganMs;
  delay.disable();
  if (found.length !== loaded) throw new Error(`${found.length} definitions were loaded instead of ${loaded}`);
  pauses.push(delay.max / 1e6);
  return ms;
}

/** Processor time in milliseconds. */
function timed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
