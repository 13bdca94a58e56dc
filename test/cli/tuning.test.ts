/** schedinfo, vcpupin, emulatorpin, iothreadpin, memtune, blkiotune and numatune, in virsh's words. */
import { beforeEach, expect, test } from 'vitest';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.add({ uuid, name: 'test', id: 1, state: 'running', reason: 'booted' });
});

const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '));
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const failed = (...lines: string[]): CommandOutcome => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });
const told = (method: string): unknown => host.calls.findLast((call) => call.method === method)?.params;

test('schedinfo shows every parameter, after it has set what it was given', async () => {
  const outcome = await vireo('schedinfo test --config --set cpu_shares=2048 global_quota=-1');
  expect(told('domainSetSchedulerParameters')).toEqual({ domain: uuid, live: false, config: true, parameters: { cpu_shares: 2048, global_quota: -1 } });
  expect(outcome).toEqual(printed(
    'Scheduler      : posix', 'cpu_shares     : 2048', 'vcpu_period    : 100000', 'vcpu_quota     : -1', 'emulator_period: 100000', 'emulator_quota : -1',
    'global_period  : 100000', 'global_quota   : -1', 'iothread_period: 100000', 'iothread_quota : -1',
  ));
});

test.each([
  ['schedinfo test --set shares=1', failed('invalid scheduler option: shares')],
  ['schedinfo test cpu_shares', failed('Invalid syntax for --set, expecting name=value')],
  ['schedinfo test --live --config', failed('Options --live and --config are mutually exclusive')],
  ['vcpupin test --cpulist 0', failed('vcpupin: Missing vCPU number in pin mode.')],
  ['vcpupin test 7', failed('vcpu 7 is out of range of cpu count 2')],
  ['memtune test --hard-limit much', failed('Unable to parse integer parameter hard-limit')],
  ['blkiotune test --device-weights /dev/sda', failed("unable to parse blkio device setting '/dev/sda'")],
  ['numatune test --mode nearby', failed('Invalid mode: nearby')],
  ['numatune test --current --live', failed('Options --current and --live are mutually exclusive')],
])('%s is refused', async (line, outcome) => {
  expect(await vireo(line)).toEqual(outcome);
});

test('pins are shown as virsh shows them', async () => {
  expect(await vireo('vcpupin test')).toEqual(printed(' VCPU   CPU Affinity', '----------------------', ' 0      0-1', ' 1      1'));
  expect(await vireo('vcpupin test 1')).toEqual(printed(' VCPU   CPU Affinity', '----------------------', ' 1      1'));
  expect(await vireo('emulatorpin test')).toEqual(printed('emulator: CPU Affinity', '----------------------------------', '       *: 0-1'));
});

test('pins are set for the guest, its definition, or both; r is every processor', async () => {
  expect(await vireo('vcpupin test 0 0-1 --live --config')).toEqual(printed());
  expect(told('domainPinVcpu')).toEqual({ domain: uuid, live: true, config: true, vcpu: 0, cpus: '0-1' });
  await vireo('emulatorpin test r --config');
  expect(told('domainPinEmulator')).toEqual({ domain: uuid, live: false, config: true, cpus: null });
  await vireo('iothreadpin test 1 0 --live');
  expect(told('domainPinIOThread')).toEqual({ domain: uuid, live: true, config: false, iothread: 1, cpus: '0' });
});

test('memtune takes sizes with units, and -1 for no limit', async () => {
  expect(await vireo('memtune test')).toEqual(printed('hard_limit     : 921600', 'soft_limit     : unlimited', 'swap_hard_limit: unlimited'));
  expect(await vireo('memtune test --hard-limit 1G --soft-limit 512000 --swap-hard-limit -1')).toEqual(printed());
  expect(told('domainSetMemoryParameters')).toMatchObject({ parameters: { hard_limit: 1_048_576, soft_limit: 512_000, swap_hard_limit: 9_007_199_254_740_991 } });
});

test('blkiotune takes lists of devices', async () => {
  expect((await vireo('blkiotune test')).stdout).toContain('weight         : 500\ndevice_weight  : /dev/sda,300,/dev/sdb,200\ndevice_read_iops_sec: \n');
  await vireo('blkiotune test --weight 100 --device-read-bytes-sec /dev/sda,1000,/dev/sdb,0');
  expect(told('domainSetBlkioParameters')).toMatchObject({ parameters: { weight: 100, device_read_bytes_sec: [{ path: '/dev/sda', value: 1000 }, { path: '/dev/sdb', value: 0 }] } });
});

test('numatune knows modes by name and by libvirt’s number', async () => {
  expect(await vireo('numatune test')).toEqual(printed('numa_mode      : strict', 'numa_nodeset   : 0'));
  await vireo('numatune test --mode 2 --nodeset 0 --config');
  expect(told('domainSetNumaParameters')).toEqual({ domain: uuid, live: false, config: true, mode: 'interleave', nodeset: '0' });
});
