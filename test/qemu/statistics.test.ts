/** What is counted of real guests: running, paused, shut off, and one whose QEMU hangs. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { MethodInput, MethodResult } from '../../core/api/contract.ts';
import { Call } from '../../core/job/call.ts';
import { graphGroups } from '../../core/statistics/statistics-record.ts';
import { usageRates } from '../../core/statistics/usage-rates.ts';
import { bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

type Record = MethodResult<'connectGetAllDomainStats'>['records'][number];

async function statistics(host: TestHost, request: MethodInput<'connectGetAllDomainStats'> = {}): Promise<Map<string, Record>> {
  const { records } = await host.client.call('connectGetAllDomainStats', request);
  return new Map(records.map((record) => [record.domain.name, record]));
}

/** The same once every QEMU has answered: on a busy machine one may be late for the first. */
async function completeStatistics(host: TestHost, request: MethodInput<'connectGetAllDomainStats'> = {}, silent: readonly string[] = []): Promise<Map<string, Record>> {
  let records = new Map<string, Record>();
  await expect.poll(async () => {
    records = await statistics(host, request);
    return [...records.values()].filter(({ incomplete }) => incomplete !== null).map(({ domain }) => domain.name);
  }, { timeout: 20_000 }).toEqual(silent);
  return records;
}

/** The boot-sector guest with a chain of two images, an empty drive, a balloon that reports, two vCPUs and an I/O thread. */
async function defineRichGuest(host: TestHost): Promise<void> {
  await writeFile(`${host.home}/base.raw`, bootSectorImage());
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', `${host.home}/base.raw`, '-F', 'raw', `${host.home}/top.qcow2`]);
  const xml = bootGuestXml(`${host.home}/top.qcow2`, { name: 'rich' })
    .replace("type='raw'/>", "type='qcow2'/>")
    .replace("<target dev='sda' bus='sata'/></disk>", "<target dev='vda' bus='virtio'/></disk><disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk><interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>")
    .replace("<memballoon model='none'/>", "<memballoon model='virtio'><stats period='5'/></memballoon><video><model type='vga'/></video>")
    .replace('<os>', '<vcpu current="2">3</vcpu><iothreads>1</iothreads><os>');
  await host.client.call('domainDefineXML', { xml });
}

test('a record has the fields of libvirt, in its order, with what QEMU and the host know', async () => {
  await using host = await openTestHost();
  await defineRichGuest(host);
  await host.client.call('domainCreate', { domain: 'rich' });
  const record = (await completeStatistics(host, { backing: true })).get('rich')!;
  expect(Object.keys(record.parameters).map((name) => name.replace(/\.(allocation|capacity|physical|backingIndex)$/, '.…')).filter((name, at, all) => all.indexOf(name) === at)).toEqual([
    'state.state', 'state.reason', 'cpu.time', 'cpu.user', 'cpu.system', 'balloon.current', 'balloon.maximum', 'balloon.rss',
    'vcpu.current', 'vcpu.maximum', 'vcpu.0.state', 'vcpu.0.time', 'vcpu.0.delay', 'vcpu.1.state', 'vcpu.1.time', 'vcpu.1.delay', 'net.count', 'block.count',
    'block.0.name', 'block.0.path', 'block.0.…', 'block.0.rd.reqs', 'block.0.rd.bytes', 'block.0.rd.times', 'block.0.wr.reqs', 'block.0.wr.bytes', 'block.0.wr.times', 'block.0.fl.reqs', 'block.0.fl.times',
    'block.1.name', 'block.1.path', 'block.1.…',
    'block.2.name', 'block.2.rd.reqs', 'block.2.rd.bytes', 'block.2.rd.times', 'block.2.wr.reqs', 'block.2.wr.bytes', 'block.2.wr.times', 'block.2.fl.reqs', 'block.2.fl.times',
    'iothread.count', 'iothread.1.poll-max-ns', 'iothread.1.poll-grow', 'iothread.1.poll-shrink',
    'dirtyrate.calc_status', 'dirtyrate.calc_start_time', 'dirtyrate.calc_period', 'dirtyrate.calc_mode',
  ]);
  expect(record.parameters).toMatchObject({
    'state.state': 1, 'state.reason': 1, 'balloon.current': 16_384, 'balloon.maximum': 16_384, 'vcpu.current': 2, 'vcpu.maximum': 3, 'net.count': 1, 'block.count': 3,
    'block.0.name': 'vda', 'block.0.path': `${host.home}/top.qcow2`, 'block.0.capacity': 1_048_576, 'block.0.backingIndex': 1,
    'block.1.name': 'vda', 'block.1.path': `${host.home}/base.raw`, 'block.1.capacity': 1_048_576, 'block.1.backingIndex': expect.any(Number), 'block.2.name': 'sdb',
    'dirtyrate.calc_status': 0, 'dirtyrate.calc_mode': 'page-sampling',
  });
  // The firmware has read the boot sector through both images.
  await expect.poll(async () => (await statistics(host, { groups: ['block'] })).get('rich')!.parameters['block.0.rd.bytes'], { timeout: 20_000 }).toBeGreaterThanOrEqual(512);
  expect((await statistics(host, { groups: ['cpu-total'] })).get('rich')!.parameters['cpu.time']).toBeGreaterThan(0);
});

test('paused and shut off domains are in the list with what there is of them, and filters choose', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  await defineBootGuest(host, { name: 'still' });
  await defineBootGuest(host, { name: 'off' });
  await host.client.call('domainCreate', { domain: 'boot' });
  await host.client.call('domainCreate', { domain: 'still', paused: true });
  const all = await completeStatistics(host);
  expect(all.get('still')!.parameters).toMatchObject({ 'state.state': 3, 'state.reason': 1, 'vcpu.0.state': 1, 'block.0.rd.bytes': 0 });
  expect(all.get('off')).toMatchObject({
    domain: { id: null },
    incomplete: null,
    parameters: { 'state.state': 5, 'state.reason': 0, 'balloon.current': 16_384, 'vcpu.current': 1, 'vcpu.maximum': 1, 'block.count': 1, 'block.0.path': `${host.home}/off.raw`, 'block.0.capacity': 1_048_576, 'block.0.physical': 1_048_576 },
  });
  const named = async (filters: MethodInput<'connectGetAllDomainStats'>['filters'], domains: string[] = []): Promise<string[]> => [...(await statistics(host, { filters, domains, groups: ['state'] })).keys()].toSorted();
  expect([await named(['active']), await named(['inactive']), await named(['paused', 'shutoff']), await named(['active', 'shutoff']), await named(['transient']), await named([], ['off', 'gone', 'off']), await named(['running'], ['off', 'boot'])]).toEqual([
    ['boot', 'still'], ['off'], ['off', 'still'], [], [], ['off'], ['boot'],
  ]);
});

test('a QEMU that hangs delays no other domain, and is answered for from what the host knows', async () => {
  await using host = await openTestHost();
  const names = Array.from({ length: 6 }, (_, index) => `guest-${index}`);
  await Promise.all(names.map(async (name) => {
    await defineBootGuest(host, { name, serial: false });
    await host.client.call('domainCreate', { domain: name });
  }));
  const { pid } = await lookup(host, 'guest-3');
  process.kill(pid!, 'SIGSTOP');
  try {
    const first = await completeStatistics(host, {}, ['guest-3']);
    expect(first.get('guest-3')!.parameters).toMatchObject({ 'state.state': 1, 'cpu.time': expect.any(Number), 'balloon.current': 16_384, 'balloon.rss': expect.any(Number), 'block.0.name': 'sda' });
    expect(first.get('guest-3')!.parameters['block.0.rd.bytes']).toBeUndefined();
    // Somebody's question that nobody answers holds the domain's job; it is not waited for.
    const query = host.client.call('qemuDomainMonitorCommand', { domain: 'guest-3', command: '{"execute":"query-status"}' }).catch(() => null);
    await expect.poll(async () => (await host.client.call('domainGetControlInfo', { domain: 'guest-3' })).forMs, { timeout: 20_000 }).toBeGreaterThan(1_500);
    const [told, own] = await Promise.all([statistics(host, { domains: ['guest-3'] }), host.client.call('domainMemoryStats', { domain: 'guest-3' })]);
    expect(told.get('guest-3')!.incomplete).toMatch(/QEMU does not answer '/);
    expect(own).toEqual({ statistics: { rss: expect.any(Number) }, periodSeconds: null, incomplete: null });
    await expect(host.client.call('domainBlockStats', { domain: 'guest-3' })).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
    await expect(host.client.call('domainScreenshot', { domain: 'guest-3' })).rejects.toMatchObject({ code: 'OPERATION_INVALID' });
    expect((await host.client.call('domainGetBlockInfo', { domain: 'guest-3' })).disks).toMatchObject([{ target: 'sda', capacityBytes: 1_048_576, physicalBytes: 1_048_576, error: null }]);
    process.kill(pid!, 'SIGCONT');
    await query;
  } finally {
    process.kill(pid!, 'SIGCONT');
  }
  await completeStatistics(host);
});

test('while a job bars questions to QEMU, the answer is what the driver knows, at once', async () => {
  await using host = await openTestHost();
  await defineRichGuest(host);
  await host.client.call('domainCreate', { domain: 'rich' });
  const { driver } = host.host;
  const domain = driver.find('rich');
  {
    await using job = await domain.jobs.beginAsync(Call.ofDriver('remoteDispatchDomainSnapshotCreateXML', driver.context.log), 'snapshot');
    job.assertHeld();
    const record = (await statistics(host)).get('rich')!;
    expect(record).toMatchObject({ incomplete: expect.stringContaining('QEMU cannot be asked during snapshot'), parameters: { 'state.state': 1, 'cpu.time': expect.any(Number), 'vcpu.1.time': expect.any(Number), 'block.0.path': `${host.home}/top.qcow2` } });
    expect((await host.client.call('domainGetBlockInfo', { domain: 'rich', device: 'vda' })).disks).toMatchObject([{ capacityBytes: 1_048_576, error: null }]);
    await expect(host.client.call('domainBlockStats', { domain: 'rich' })).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { holders: [{ owner: 'remoteDispatchDomainSnapshotCreateXML' }] } });
    await expect(host.client.call('domainScreenshot', { domain: 'rich' })).rejects.toThrow('QEMU cannot be asked during snapshot');
  }
  await completeStatistics(host);
});

test('disks, memory, CPUs and threads of one domain are told one by one', async () => {
  await using host = await openTestHost();
  await defineRichGuest(host);
  const { client } = host;
  await expect(client.call('domainBlockStats', { domain: 'rich', device: 'vda' })).rejects.toThrow('domain is not running');
  await expect(client.call('domainGetCPUStats', { domain: 'rich' })).rejects.toThrow('domain is not running');
  await expect(client.call('domainMemoryStats', { domain: 'rich' })).rejects.toThrow('domain is not running');
  expect((await client.call('domainGetBlockInfo', { domain: 'rich' })).disks).toMatchObject([{ target: 'vda', capacityBytes: 1_048_576, physicalBytes: expect.any(Number) }, { target: 'sdb', capacityBytes: null, error: null }]);
  expect((await client.call('domainGetVcpus', { domain: 'rich' })).vcpus.map(({ number, hostCpu, state }) => ({ number, hostCpu, state }))).toEqual([{ number: 0, hostCpu: null, state: null }, { number: 1, hostCpu: null, state: null }]);
  expect(await client.call('domainGetVcpusFlags', { domain: 'rich' })).toEqual({ config: { maximum: 3, current: 2 }, live: null });

  await client.call('domainCreate', { domain: 'rich' });
  await waitForState(host, 'running', 'rich');
  await expect.poll(async () => (await client.call('domainBlockStats', { domain: 'rich' })).readBytes, { timeout: 20_000 }).toBeGreaterThanOrEqual(512);
  expect(await client.call('domainBlockStats', { domain: 'rich', device: `${host.home}/top.qcow2` })).toMatchObject({ device: 'vda' });
  await expect(client.call('domainBlockStats', { domain: 'rich', device: 'vdz' })).rejects.toThrow('invalid path vdz not assigned to domain');
  await expect(client.call('domainGetBlockInfo', { domain: 'rich', device: 'sdb' })).rejects.toThrow("disk 'sdb' does not currently have a source assigned");
  expect((await client.call('domainGetBlockInfo', { domain: 'rich', device: 'vda' })).disks).toMatchObject([{ capacityBytes: 1_048_576, physicalBytes: expect.any(Number), allocationBytes: expect.any(Number) }]);
  expect(await client.call('domainMemoryStats', { domain: 'rich' })).toEqual({ statistics: { actual: 16_384, rss: expect.any(Number) }, periodSeconds: 5, incomplete: null });
  const cpu = await client.call('domainGetCPUStats', { domain: 'rich' });
  expect(cpu.total.cpuTimeNs).toBe(cpu.total.userTimeNs + cpu.total.systemTimeNs);
  expect((await client.call('domainGetVcpus', { domain: 'rich' })).vcpus).toMatchObject([{ number: 0, hostCpu: expect.any(Number), state: 'running' }, { number: 1, state: 'running' }]);
  expect((await client.call('domainGetIOThreadInfo', { domain: 'rich' })).iothreads).toMatchObject([{ id: 1, threadId: expect.any(Number) }]);
  await expect(client.call('domainInterfaceStats', { domain: 'rich', device: '52:54:00:00:00:01' })).rejects.toThrow('it has no tap on the host');
  await client.call('domainStartDirtyRateCalc', { domain: 'rich' });
  await expect.poll(async () => (await statistics(host, { groups: ['dirtyrate'] })).get('rich')!.parameters, { timeout: 20_000 }).toMatchObject({ 'dirtyrate.calc_status': 2, 'dirtyrate.megabytes_per_second': expect.any(Number) });
});

test('the period of memory reports is changed for the run, for the next boot, or for both', async () => {
  await using host = await openTestHost();
  await defineRichGuest(host);
  const { client } = host;
  const defined = async (inactive: boolean): Promise<string | undefined> => /<stats period='(\d+)'\/>/.exec((await client.call('domainGetXMLDesc', { domain: 'rich', inactive })).xml)?.[1];
  await client.call('domainSetMemoryStatsPeriod', { domain: 'rich', periodSeconds: 7 });
  expect(await defined(true)).toBe('7');
  await client.call('domainCreate', { domain: 'rich' });
  await client.call('domainSetMemoryStatsPeriod', { domain: 'rich', periodSeconds: 2 });
  expect([await defined(false), await defined(true)]).toEqual(['2', '7']);
  await client.call('domainSetMemoryStatsPeriod', { domain: 'rich', periodSeconds: 0, live: true, config: true });
  expect([await defined(false), await defined(true)]).toEqual([undefined, undefined]);
  await host.reopen();
  expect((await host.client.call('domainMemoryStats', { domain: 'rich' })).periodSeconds).toBe(0);
  await defineBootGuest(host);
  await expect(host.client.call('domainSetMemoryStatsPeriod', { domain: 'boot', periodSeconds: 1 })).rejects.toThrow('Memory balloon model must be virtio');
  await expect(host.client.call('domainSetMemoryStatsPeriod', { domain: 'boot', periodSeconds: 1, live: true })).rejects.toThrow('domain is not running');
});

test('a Linux guest reports its memory once it is asked to, and its curves move', async () => {
  await using host = await openTestHost();
  await host.client.call('sampleGuestDefine', {});
  await host.client.call('domainCreate', { domain: 'sample' });
  const first = (await completeStatistics(host, { groups: [...graphGroups] })).get('sample')!;
  await host.client.call('domainSetMemoryStatsPeriod', { domain: 'sample', periodSeconds: 1 });
  await expect.poll(async () => (await host.client.call('domainMemoryStats', { domain: 'sample' })).statistics, { timeout: 60_000 }).toMatchObject({ actual: 262_144, available: expect.any(Number), unused: expect.any(Number), last_update: expect.any(Number), rss: expect.any(Number) });
  const second = (await completeStatistics(host, { groups: [...graphGroups] })).get('sample')!;
  expect(second.parameters['balloon.available']).toBeLessThan(262_144);
  const rates = usageRates(first, second)!;
  expect(rates).toMatchObject({ cpuPercent: expect.any(Number), diskReadBytes: expect.any(Number), memoryUsedKiB: expect.any(Number), networkRxBytes: null });
  expect(rates.cpuPercent).toBeGreaterThan(0);
  expect(rates.diskReadBytes).toBeGreaterThan(0);
});
