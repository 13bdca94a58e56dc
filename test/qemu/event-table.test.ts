/**
 * What a QEMU tells unasked, in any amount: a flood takes no memory, pushes no shutdown out and delays no other domain;
 * and each device's event changes what the domain says of itself. The monitor is scripted, the driver is not.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Call } from '../../core/job/call.ts';
import { qmpEventNames } from '../../core/monitor/qmp-schema.generated.ts';
import { eventTable } from '../../core/process/event-handlers.ts';
import { EventRecord, lookup, waitForState } from '../support/boot-guest.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';
import { monitorThatTells, scriptedEmulator } from '../support/scripted-emulator.ts';

type Told = readonly [name: string, data?: Readonly<Record<string, unknown>>];

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

/** A domain that runs, with devices that events can be about. */
async function startScripted(...names: readonly string[]): Promise<void> {
  const emulator = await scriptedEmulator(host.home);
  for (const name of names) {
    const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
      <clock offset='variable' adjustment='100' basis='utc'/>
      <devices><emulator>${emulator.path}</emulator>
        <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk>
        <controller type='usb' model='none'/>
        <channel type='null'><target type='virtio' name='org.example.0'/></channel>
        <memballoon model='virtio'/>
        <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
      </devices></domain>`;
    await host.client.call('domainDefineXML', { xml });
  }
  await emulator.behave(monitorThatTells());
  for (const name of names) await host.client.call('domainCreate', { domain: name });
}

async function tell(domain: string, events: readonly Told[], options: { readonly times?: number; readonly last?: readonly Told[]; readonly afterMs?: number } = {}): Promise<void> {
  const { times = 1, last = [], afterMs = 0 } = options;
  await host.client.call('qemuDomainMonitorCommand', { domain, command: JSON.stringify({ execute: 'tell', arguments: { events, times, last, afterMs } }) });
}

test('the table has every event of the schema', () => {
  expect(Object.keys(eventTable).toSorted()).toEqual([...qmpEventNames].toSorted());
  for (const entry of Object.values(eventTable)) if ('ignored' in entry) expect(entry.ignored).toMatch(/\w+ \w+/);
});

test('100,000 events take no memory, push no shutdown out, and delay no other domain', async () => {
  await startScripted('loud', 'quiet');
  const events = new EventRecord(host);
  const storm: Told[] = [
    ['RESET', { guest: true, reason: 'guest-reset' }],
    ['BALLOON_CHANGE', { actual: 32 << 20 }],
    ['RTC_CHANGE', { offset: 7, 'qom-path': '/machine/rtc' }],
    ['VSERPORT_CHANGE', { id: 'channel0', open: true }],
    ['BLOCK_IO_ERROR', { device: '', 'node-name': 'libvirt-9-format', operation: 'write', action: 'report', reason: 'Input/output error' }],
    ['DEVICE_TRAY_MOVED', { device: '', id: 'sata0-0-1', 'tray-open': true }],
    ['JOB_STATUS_CHANGE', { id: 'job', status: 'running' }],
    ['OF_A_NEWER_QEMU', { anything: true }],
    ['VSERPORT_CHANGE', { id: 'channel0', open: false }],
    ['BLOCK_IO_ERROR', { device: '', 'node-name': 'libvirt-9-format', operation: 'read', action: 'ignore', reason: 'Input/output error' }],
  ];
  const heapBefore = process.memoryUsage().heapUsed;
  let heap = heapBefore;
  using _watch = everyMs(20, () => (heap = Math.max(heap, process.memoryUsage().heapUsed)));
  await tell('loud', storm, { times: 10_000, last: [['STOP'], ['RESUME'], ['STOP'], ['SHUTDOWN', { guest: true, reason: 'guest-shutdown' }]] });

  const delays: number[] = [];
  for (let round = 0; round < 5; round++) {
    const beganMs = Date.now();
    await tell('quiet', [[round % 2 === 0 ? 'STOP' : 'RESUME']]);
    await waitForState(host, round % 2 === 0 ? 'paused' : 'running', 'quiet');
    delays.push(Date.now() - beganMs);
  }
  expect(await waitForState(host, 'shut off', 'loud', 60_000)).toMatchObject({ reason: 'shutdown' });
  const ofLoud = events.all.filter(({ domain }) => domain.name === 'loud');
  const lifecycle = ofLoud.filter(({ type }) => type === 'lifecycle').map(({ event, detail }) => `${event}/${detail}`);
  expect(lifecycle).toEqual(['suspended/paused', 'resumed/unpaused', 'suspended/paused', 'shutdown/guest', 'stopped/shutdown']);
  expect(ofLoud.length).toBeLessThan(2_000);
  expect(host.log.filter((line) => line.includes('OF_A_NEWER_QEMU'))).toHaveLength(1);
  expect((heap - heapBefore) >> 20).toBeLessThan(200);
  expect(Math.max(...delays)).toBeLessThan(5_000);
});

function everyMs(ms: number, work: () => void): Disposable {
  const timer = setInterval(work, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

test("each device's event changes what the domain says of itself", async () => {
  await startScripted('loud');
  const events = new EventRecord(host);
  const xml = async (): Promise<string> => (await host.client.call('domainGetXMLDesc', { domain: 'loud' })).xml;
  await tell('loud', [['BALLOON_CHANGE', { actual: 48 << 20 }], ['DEVICE_TRAY_MOVED', { device: '', id: 'sata0-0-1', 'tray-open': true }], ['VSERPORT_CHANGE', { id: 'channel0', open: true }], ['RTC_CHANGE', { offset: 20, 'qom-path': '/machine/rtc' }]]);
  await expect.poll(xml).toMatch(/<target dev='sdb' bus='sata' tray='open'\/>[^]*state='connected'/);
  expect(await xml()).toMatch(/<currentMemory unit='KiB'>49152<[^]*<clock offset='variable' adjustment='120'/);
  expect(await lookup(host, 'loud')).toMatchObject({ memoryKiB: 65_536, currentMemoryKiB: 49_152 });
  expect(await host.client.call('domainGetInfo', { domain: 'loud' })).toMatchObject({ maximumMemoryKiB: 65_536, memoryKiB: 49_152 });
  const inactive = (await host.client.call('domainGetXMLDesc', { domain: 'loud', inactive: true })).xml;
  expect(inactive).not.toMatch(/tray='open'|state=|49152/);

  // A virtio device is told twice.
  await tell('loud', [['DEVICE_DELETED', { device: 'rng0', path: '/machine/peripheral/rng0' }], ['DEVICE_DELETED', { path: '/machine/peripheral/rng0/virtio-backend' }]]);
  await expect.poll(xml).not.toContain('<rng');
  await tell('loud', [
    ['DEVICE_UNPLUG_GUEST_ERROR', { device: 'net0', path: '/machine/peripheral/net0' }],
    ['ACPI_DEVICE_OST', { info: { device: 'dimm0', slot: '0', 'slot-type': 'DIMM', source: 3, status: 0x81 } }],
    ['MEMORY_FAILURE', { recipient: 'guest', action: 'inject', flags: { 'action-required': false, recursive: false } }],
    ['VNC_CONNECTED', { server: { host: '127.0.0.1', service: '5900', family: 'ipv4', websocket: false, auth: 'vnc' }, client: { host: '127.0.0.1', service: '41000', family: 'ipv4', websocket: false } }],
  ]);
  await expect.poll(() => events.told.length).toBe(8);
  expect(events.told).toEqual([
    'balloon-change: 49152', 'tray-change: sdb opened', 'rtc-change: 120', 'device-removed: rng0', 'device-removal-failed: net0', 'device-removal-failed: dimm0', 'memory-failure: guest inject', 'graphics: connect',
  ]);
  expect(events.all.find(({ type }) => type === 'graphics')?.details).toMatchObject({ phase: 'connect', authScheme: 'vnc', localService: '5900', remoteService: '41000' });
});

test('a reaction that waits for its job keeps no stop from being seen, and is done when the job is free', async () => {
  await startScripted('loud');
  await tell('loud', [['DEVICE_DELETED', { device: 'rng0', path: '/machine/peripheral/rng0' }], ['STOP']], { afterMs: 300 });
  const domain = host.host.driver.find('loud');
  {
    await using _job = await domain.jobs.begin(new Call({ owner: 'the test', client: 'the test' }), 'modify');
    await waitForState(host, 'paused', 'loud');
    expect(domain.definition.devices.some(({ kind }) => kind === 'rng')).toBe(true);
  }
  await expect.poll(() => domain.definition.devices.some(({ kind }) => kind === 'rng')).toBe(false);
});
