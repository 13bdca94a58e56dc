/** domstats and its relatives, and screenshot, in virsh's words. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.add({ uuid, name: 'test', id: 1, state: 'running', reason: 'booted' });
  host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'zero' });
});

const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '));
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const failed = (...lines: string[]): CommandOutcome => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });
const asked = (method: string): unknown => host.calls.filter((call) => call.method === method).at(-1)?.params;

describe('domstats', () => {
  test('prints the fields of each domain, and says what is missing and why', async () => {
    expect(await vireo('domstats test zero')).toEqual({
      exitCode: 0,
      stdout: ["Domain: 'test'", '  state.state=1', '  block.0.name=vda', '  vcpu.0.halted=yes', '', "Domain: 'zero'", '  state.state=1', '  block.0.name=vda', '  vcpu.0.halted=yes', '', ''].join('\n'),
      stderr: "vireo: some statistics of 'zero' are missing: QEMU does not answer 'query-balloon' for 3 s\n",
    });
    expect((await vireo('domstats --nowait test')).stderr).toBe('');
    expect(await vireo('domstats none')).toEqual(failed("failed to get domain 'none'"));
  });

  test('asks for the groups and the domains that were chosen', async () => {
    await vireo('domstats --block --cpu-total --backing --enforce --raw --list-active --list-paused');
    expect(asked('connectGetAllDomainStats')).toEqual({ domains: [], groups: ['cpu-total', 'block'], filters: ['active', 'paused'], backing: true, enforce: true, nowait: false });
    await vireo('domstats --nowait test');
    expect(asked('connectGetAllDomainStats')).toEqual({ domains: [uuid], groups: [], filters: [], backing: false, enforce: false, nowait: true });
  });
});

describe('memory', () => {
  test('dommemstat prints what there is, and sets the period, 0 too', async () => {
    expect(await vireo('dommemstat test')).toEqual(printed('actual 65536', 'last_update 5', 'rss 4096'));
    expect(await vireo('dommemstat test --period 0 --live --config')).toEqual(printed());
    expect(asked('domainSetMemoryStatsPeriod')).toEqual({ domain: uuid, periodSeconds: 0, live: true, config: true });
    expect(await vireo('dommemstat test --current --live')).toEqual(failed('Options --current and --live are mutually exclusive'));
    host.failures.set('domainSetMemoryStatsPeriod', new VireoError('OPERATION_INVALID', 'Memory balloon model must be virtio to set the collection period'));
    expect(await vireo('dommemstat test --period 5')).toEqual(failed('Unable to change balloon collection period.', 'Requested operation is not valid: Memory balloon model must be virtio to set the collection period'));
  });

  test('domdirtyrate-calc begins to measure', async () => {
    expect(await vireo('domdirtyrate-calc test 3 --mode dirty-bitmap')).toEqual(printed("Start to calculate domain's memory dirty rate successfully."));
    expect(asked('domainStartDirtyRateCalc')).toEqual({ domain: uuid, seconds: 3, mode: 'dirty-bitmap' });
    expect(await vireo('domdirtyrate-calc test --mode odd')).toEqual(failed("Unknown calculation mode 'odd'"));
  });
});

describe('disks', () => {
  test('domblkstat prints virsh\'s fields, or its sentences', async () => {
    const fields = ['rd_req 1', 'rd_bytes 512', 'wr_req 2', 'wr_bytes 1024', 'flush_operations 3', 'rd_total_times 7', 'wr_total_times 8', 'flush_total_times 9'];
    expect(await vireo('domblkstat test vda')).toEqual(printed(...fields.map((field) => `vda ${field}`)));
    expect(await vireo('domblkstat test')).toEqual(printed(...fields.map((field) => ` ${field}`)));
    expect((await vireo('domblkstat test vda --human')).stdout.split('\n').slice(0, 3)).toEqual(['Device: vda', ' number of read operations:      1', ' number of bytes read:           512']);
    host.failures.set('domainBlockStats', new VireoError('OPERATION_INVALID', 'domain is not running'));
    expect(await vireo('domblkstat test vda')).toEqual(failed("Failed to get block stats for domain 'test' device 'vda'", 'Requested operation is not valid: domain is not running'));
  });

  test('domblkinfo prints one disk or a table of all', async () => {
    expect(await vireo('domblkinfo test vda')).toEqual(printed('Capacity:       1073741824', 'Allocation:     4096', 'Physical:       5000'));
    expect(await vireo('domblkinfo test vda --human')).toEqual(printed('Capacity:       1.000 GiB', 'Allocation:     4.000 KiB', 'Physical:       4.883 KiB'));
    expect(await vireo('domblkinfo test --all')).toEqual({
      ...printed(' Target   Capacity     Allocation   Physical', '----------------------------------------------', ' vda      1073741824   4096         5000', ' vdb      -            -            -'),
      stderr: 'vireo: the size of vdb is not known: no such file\n',
    });
    expect([await vireo('domblkinfo test'), await vireo('domblkinfo test vda --all')]).toEqual([failed("command 'domblkinfo' requires <device> option"), failed('Options --all and --device are mutually exclusive')]);
  });

  test('domblklist lists targets and sources', async () => {
    host.xml = `<domain type='qemu'><devices>
      <disk type='file' device='disk'><source file='/a'/><target dev='vda'/></disk>
      <disk type='file' device='cdrom'><target dev='sda'/></disk>
      <disk type='nvme' device='disk'><source type='pci' namespace='1'><address domain='0x0000' bus='0x05' slot='0x00' function='0x1'/></source><target dev='vdb'/></disk>
      <disk type='network' device='disk'><source protocol='nbd' name='export'/><target dev='vdc'/></disk></devices></domain>`;
    expect(await vireo('domblklist test --inactive')).toEqual(printed(' Target   Source', '---------------------------------', ' vda      /a', ' sda      -', ' vdb      nvme://0000:05:00.1/1', ' vdc      export'));
    expect(asked('domainGetXMLDesc')).toMatchObject({ inactive: true });
    expect((await vireo('domblklist test --details')).stdout.split('\n').slice(0, 3)).toEqual([' Type      Device   Target   Source', '----------------------------------------------------', ' file      disk     vda      /a']);
  });
});

describe('network cards', () => {
  const card = (mac: string, rest: string): string => `<interface type='bridge'><mac address='${mac}'/><source bridge='br0'/><model type='virtio'/>${rest}</interface>`;
  beforeEach(() => {
    host.xml = `<domain type='qemu'><devices>${card('52:54:00:00:00:01', "<target dev='vnet0'/>")}${card('52:54:00:00:00:02', "<link state='down'/>")}</devices></domain>`;
  });

  test('domiflist lists them', async () => {
    expect(await vireo('domiflist test')).toEqual(printed(
      ' Interface   Type     Source   Model    MAC',
      '-----------------------------------------------------------',
      ' vnet0       bridge   br0      virtio   52:54:00:00:00:01',
      ' -           bridge   br0      virtio   52:54:00:00:00:02',
    ));
  });

  test('domif-getlink finds one by its name or its address', async () => {
    expect([await vireo('domif-getlink test vnet0'), await vireo('domif-getlink test 52:54:00:00:00:02'), await vireo('domif-getlink test vnet9')]).toEqual([
      printed('vnet0 up'), printed('52:54:00:00:00:02 down'), failed('Interface (dev: vnet9) not found.'),
    ]);
  });

  test('domifstat prints the counters from the guest\'s point of view', async () => {
    expect(await vireo('domifstat test vnet0')).toEqual(printed(...['rx_bytes 1', 'rx_packets 2', 'rx_errs 3', 'rx_drop 4', 'tx_bytes 5', 'tx_packets 6', 'tx_errs 7', 'tx_drop 8'].map((field) => `vnet0 ${field}`)));
  });
});

describe('CPUs', () => {
  test('cpu-stats shows each of the host\'s CPUs and the total', async () => {
    const total = ['Total:', '\tcpu_time            12.345678901 seconds', '\tuser_time            0.000000001 seconds', '\tsystem_time          0.000000000 seconds'];
    expect(await vireo('cpu-stats test --total')).toEqual(printed(...total));
    expect(await vireo('cpu-stats test')).toEqual(printed('CPU0:', '\tcpu_time             0.000000005 seconds', 'CPU1:', '\tcpu_time             0.000000006 seconds', ...total));
    expect(await vireo('cpu-stats test --start 1 --count 1')).toEqual(printed('CPU1:', '\tcpu_time             0.000000006 seconds'));
  });

  test('vcpuinfo and vcpucount tell of vCPUs, iothreadinfo of I/O threads', async () => {
    expect(await vireo('vcpuinfo test')).toEqual(printed('VCPU:           0', 'CPU:            1', 'State:          running', 'CPU time:       1.3s', 'CPU Affinity:   yy--', '', 'VCPU:           2', 'CPU:            N/A', 'State:          N/A', 'CPU time:       N/A', 'CPU Affinity:   ---y'));
    expect((await vireo('vcpuinfo test --pretty')).stdout).toContain('CPU Affinity:   0-1 (out of 4)\n');
    expect(await vireo('vcpucount test')).toEqual(printed('maximum      config         4', 'maximum      live           4', 'current      config         2', 'current      live           3'));
    expect([await vireo('vcpucount test --config --active'), await vireo('vcpucount test --maximum'), await vireo('vcpucount test --current')]).toEqual([printed('2'), printed('4'), printed('3')]);
    expect(await vireo('iothreadinfo test')).toEqual(printed(' IOThread ID   CPU Affinity', '-----------------------------', ' 1             0-1,3'));
    expect(await vireo('iothreadinfo test --config')).toEqual(printed('No IOThreads found for the domain'));
  });
});

describe('screenshot', () => {
  test('goes into a file that is named for the domain and the time, or into the one that was said', async () => {
    const folder = await mkdtemp('/tmp/vireo-');
    try {
      const run = (...words: string[]): Promise<CommandOutcome> => runCommand(host, ['screenshot', ...words], { folder });
      const [, name] = /^Screenshot saved to (test-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d\.ppm), with type of image\/x-portable-pixmap\n/.exec((await run('test')).stdout) ?? [];
      expect(await readdir(folder)).toEqual([name]);
      await writeFile(`${folder}/old.ppm`, 'a longer text than the picture has');
      expect(await run('test', 'old.ppm', '--screen', '0')).toEqual(printed('Screenshot saved to old.ppm, with type of image/x-portable-pixmap'));
      expect(await readFile(`${folder}/old.ppm`, 'latin1')).toBe('P6\n1 1\n255\nabc');
      expect(await run('test', 'none/at/all.ppm')).toEqual(failed(`cannot create file ${folder}/none/at/all.ppm: ENOENT`));
      host.failures.set('domainScreenshot', new VireoError('OPERATION_INVALID', 'no screens to take screenshot from'));
      expect(await run('test')).toEqual(failed('could not take a screenshot of test', 'Requested operation is not valid: no screens to take screenshot from'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
