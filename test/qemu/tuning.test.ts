/** What the host gives a guest: control groups, processors, priorities. What this computer has not is skipped and said. */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findParentGroups } from '../../core/tuning/host-groups.ts';
import { groupName } from '../../core/tuning/run-groups.ts';
import { bootGuestXml, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

const parents = await findParentGroups(null);

/** Whether groups of this controller can be made here, and are of version 1, whose files the test reads. */
async function hasV1(...controllers: readonly ('cpu' | 'memory' | 'cpuset')[]): Promise<boolean> {
  const usable = controllers.map(async (controller) => {
    const parent = parents.get(controller);
    return parent?.version === 1 && (await access(parent.folder, constants.W_OK).then(() => true, () => false));
  });
  return (await Promise.all(usable)).every(Boolean);
}

const withGroups = await hasV1('cpu', 'memory', 'cpuset');

function groupOf(controller: 'cpu' | 'memory' | 'cpuset', id: number | null, runFolder: string): string {
  return path.join(parents.get(controller)?.folder ?? '', groupName(id ?? 0, runFolder));
}

async function defineTuned(host: TestHost, elements: string, change: (xml: string) => string = (xml) => xml): Promise<string> {
  const disk = await defineBootGuest(host);
  const xml = change(bootGuestXml(disk)).replace('<os>', `${elements}<os>`);
  await host.client.call('domainDefineXML', { xml });
  return path.join(host.home, 'run');
}

async function runFolderOf(pid: number | null): Promise<string> {
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return path.dirname(argv[argv.indexOf('-pidfile') + 1] ?? '');
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(() => true, () => false);
}

async function read(...parts: readonly string[]): Promise<string> {
  return (await readFile(path.join(...parts), 'utf8')).trim();
}

async function allowedCpus(pid: number | null, thread: number): Promise<string> {
  return /^Cpus_allowed_list:\s*(.*)$/m.exec(await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8'))?.[1] ?? '?';
}

/** Field 41 of proc(5)'s stat. */
async function policyOf(pid: number | null, thread: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[41 - 3]);
}

interface Vcpu {
  readonly 'thread-id': number;
}

async function vcpuThreads(host: TestHost): Promise<readonly number[]> {
  const { result } = await host.client.call('qemuDomainMonitorCommand', { domain: 'boot', command: '{"execute":"query-cpus-fast"}', hmp: false });
  return (JSON.parse(result) as { return: readonly Vcpu[] }).return.map((vcpu) => vcpu['thread-id']);
}

test.skipIf(!withGroups)('a guest has a group of its own with the limits of its definition, which go with it, also under another driver', async () => {
  await using host = await openTestHost();
  await defineTuned(host, "<memtune><hard_limit unit='MiB'>900</hard_limit><soft_limit unit='MiB'>800</soft_limit></memtune><cputune><shares>2048</shares><global_period>50000</global_period><global_quota>40000</global_quota><period>20000</period><quota>10000</quota><emulator_period>30000</emulator_period><emulator_quota>20000</emulator_quota></cputune>");
  const { id, pid } = await host.client.call('domainCreate', { domain: 'boot' });
  const runFolder = await runFolderOf(pid);
  const [cpu, memory] = [groupOf('cpu', id, runFolder), groupOf('memory', id, runFolder)];
  expect(await read(cpu, 'cpu.shares')).toBe('2048');
  expect([await read(cpu, 'cpu.cfs_period_us'), await read(cpu, 'cpu.cfs_quota_us')]).toEqual(['50000', '40000']);
  expect([await read(cpu, 'vcpu0', 'cpu.cfs_quota_us'), await read(cpu, 'emulator', 'cpu.cfs_quota_us')]).toEqual(['10000', '20000']);
  expect(await read(cpu, 'vcpu0', 'tasks')).toBe(String((await vcpuThreads(host))[0]));
  expect([await read(memory, 'memory.limit_in_bytes'), await read(memory, 'memory.soft_limit_in_bytes')]).toEqual([String(900 * 2 ** 20), String(800 * 2 ** 20)]);
  expect(await read(memory, 'cgroup.procs')).toBe(String(pid));
  await host.reopen();
  await waitForState(host, 'running');
  await host.client.call('domainDestroy', { domain: 'boot' });
  expect([await exists(cpu), await exists(memory)]).toEqual([false, false]);
});

test.skipIf(!withGroups)('the groups of a guest that ended unseen are removed by the next driver', async () => {
  await using host = await openTestHost();
  await defineBootGuest(host);
  const { id, pid } = await host.client.call('domainCreate', { domain: 'boot' });
  const cpu = groupOf('cpu', id, await runFolderOf(pid));
  expect(await exists(cpu)).toBe(true);
  await host.close();
  process.kill(pid ?? 0, 'SIGKILL');
  await host.open();
  await waitForState(host, 'shut off');
  await expect.poll(() => exists(cpu)).toBe(false);
});

test('vCPUs, I/O threads and the rest of QEMU run on the processors that the definition names', async () => {
  await using host = await openTestHost();
  await defineTuned(host, "<vcpu cpuset='0-1'>2</vcpu><iothreads>1</iothreads><cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='1'/><emulatorpin cpuset='1'/><iothreadpin iothread='1' cpuset='0'/><vcpusched vcpus='1' scheduler='batch'/></cputune>");
  const { pid } = await host.client.call('domainCreate', { domain: 'boot' });
  const [first = 0, second = 0] = await vcpuThreads(host);
  expect([await allowedCpus(pid, first), await allowedCpus(pid, second), await allowedCpus(pid, pid ?? 0)]).toEqual(['0', '1', '1']);
  expect([await policyOf(pid, first), await policyOf(pid, second)]).toEqual([0, 3]); // SCHED_OTHER, SCHED_BATCH
});

test.skipIf(!withGroups || !(await exists('/sys/devices/system/node/node0')))('memory that is restricted to nodes lies in a cpuset, which can be changed', async () => {
  await using host = await openTestHost();
  await defineTuned(host, "<numatune><memory mode='restrictive' nodeset='0'/></numatune>");
  const { id, pid } = await host.client.call('domainCreate', { domain: 'boot' });
  const cpuset = groupOf('cpuset', id, await runFolderOf(pid));
  expect([await read(cpuset, 'cpuset.mems'), await read(cpuset, 'cgroup.procs')]).toEqual(['0', String(pid)]);
  await host.client.call('domainSetNumaParameters', { domain: 'boot', nodeset: '0' });
  expect(await host.client.call('domainGetNumaParameters', { domain: 'boot' })).toEqual({ mode: 'restrictive', nodeset: '0' });
});

test('a limit that this computer cannot set refuses the start, and one that the kernel refuses leaves nothing behind', async () => {
  await using host = await openTestHost();
  await defineTuned(host, '<blkiotune><device><path>/dev/null</path><read_bytes_sec>1000000</read_bytes_sec></device></blkiotune>');
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow(/blkiotune: '\/dev\/null' is not a block device|Block I\/O tuning is not available/);
  await defineTuned(host, "<vcpu cpuset='4000'>1</vcpu>");
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow('cannot set CPU affinity of QEMU to 4000');
  expect((await lookup(host)).state).toBe('shut off');
  await defineTuned(host, '<resource><partition>/no/such/partition</partition></resource>');
  await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toThrow("resource partition '/no/such/partition'");
});

test.skipIf(!withGroups)('what a running guest gets is changed and told while it runs, for its next boot, or for both', async () => {
  await using host = await openTestHost();
  await defineTuned(host, '<vcpu>2</vcpu>');
  const { client } = host;
  const domain = 'boot';
  const { id, pid } = await client.call('domainCreate', { domain });
  const runFolder = await runFolderOf(pid);
  const [cpu, memory] = [groupOf('cpu', id, runFolder), groupOf('memory', id, runFolder)];

  await client.call('domainSetSchedulerParameters', { domain, parameters: { cpu_shares: 512, vcpu_quota: 25_000, vcpu_period: 50_000 } });
  expect((await client.call('domainGetSchedulerParameters', { domain })).parameters).toMatchObject({ cpu_shares: 512, vcpu_period: 50_000, vcpu_quota: 25_000, emulator_quota: -1, global_period: 100_000, global_quota: -1 });
  expect([await read(cpu, 'cpu.shares'), await read(cpu, 'vcpu1', 'cpu.cfs_quota_us')]).toEqual(['512', '25000']);
  expect((await client.call('domainGetSchedulerParameters', { domain, config: true })).parameters.cpu_shares).toBe(0);

  await client.call('domainPinVcpu', { domain, live: true, config: true, vcpu: 1, cpus: '0' });
  expect((await client.call('domainGetVcpuPinInfo', { domain })).vcpus[1]).toEqual({ vcpu: 1, cpus: '0' });
  expect((await client.call('domainGetXMLDesc', { domain, inactive: true })).xml).toContain("<vcpupin vcpu='1' cpuset='0'/>");
  await client.call('domainPinVcpu', { domain, vcpu: 1, cpus: null });
  expect((await client.call('domainGetVcpuPinInfo', { domain })).vcpus[1]?.cpus).toBe((await client.call('domainGetVcpuPinInfo', { domain })).vcpus[0]?.cpus);
  await client.call('domainPinEmulator', { domain, cpus: '1' });
  expect(await client.call('domainGetEmulatorPinInfo', { domain })).toEqual({ cpus: '1' });

  const mebibytes = (count: number): number => count * 1024;
  await client.call('domainSetMemoryParameters', { domain, parameters: { hard_limit: mebibytes(900) } });
  expect(await read(memory, 'memory.limit_in_bytes')).toBe(String(900 * 2 ** 20));
  await client.call('domainSetMemoryParameters', { domain, parameters: { hard_limit: 9_007_199_254_740_991 } });
  expect((await client.call('domainGetMemoryParameters', { domain })).parameters.hard_limit).toBe(9_007_199_254_740_991);

  expect(await client.call('domainGetNumaParameters', { domain })).toEqual({ mode: 'strict', nodeset: null });
  await expect(client.call('domainSetNumaParameters', { domain, nodeset: '0' })).rejects.toThrow('change of nodeset for running domain requires restrictive numa mode');
  await client.call('domainSetNumaParameters', { domain, config: true, nodeset: '0', mode: 'interleave' });
  expect(await client.call('domainGetNumaParameters', { domain, config: true })).toEqual({ mode: 'interleave', nodeset: '0' });

  await expect(client.call('domainSetSchedulerParameters', { domain, parameters: { vcpu_period: 10 } })).rejects.toThrow("value of 'vcpu_period' is out of range [1000, 1000000]");
  await expect(client.call('domainPinVcpu', { domain, vcpu: 7, cpus: '0' })).rejects.toThrow('vcpu 7 is out of range');
  await host.reopen();
  await waitForState(host, 'running');
  expect((await host.client.call('domainGetSchedulerParameters', { domain })).parameters.cpu_shares).toBe(512);
  await host.client.call('domainDestroy', { domain });
  await expect(host.client.call('domainGetSchedulerParameters', { domain, live: true })).rejects.toThrow('domain is not running');
  expect(await exists(cpu)).toBe(false);
});
