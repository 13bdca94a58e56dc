/** Who a domain is, what is done to it and where it is reached, in virsh's words, which were not measured. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { initialStatistics, statisticsAt, withReport } from '../../core/job/job-statistics.ts';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'zero' });
  host.add({ uuid, name: 'test', id: 1, state: 'running', reason: 'booted' });
});

const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '));
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const failed = (...lines: string[]): CommandOutcome => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });

test('a domain is translated between its id, name and UUID', async () => {
  expect([await vireo('domid test'), await vireo('domid zero'), await vireo('domname 1'), await vireo(`domname ${uuid}`), await vireo('domuuid test'), await vireo('domid nosuch')]).toEqual([
    printed('1'),
    printed('-'),
    printed('test'),
    printed('test'),
    printed(uuid),
    failed("failed to get domain 'nosuch'"),
  ]);
});

test('domcontrol says how long the driver or QEMU has been busy', async () => {
  const outcomes: CommandOutcome[] = [];
  for (const state of ['ok', 'job', 'occupied', 'error'] as const) {
    host.control = { state, details: null, forMs: 1_234.4 };
    outcomes.push(await vireo('domcontrol test'));
  }
  expect(outcomes).toEqual([printed('ok'), printed('background job (1.234s)'), printed('occupied (1.234s)'), printed('error: monitor failure (1.234s)')]);
  host.failures.set('domainGetControlInfo', new VireoError('OPERATION_INVALID', 'domain is not running'));
  expect(await vireo('domcontrol zero')).toEqual(failed('Requested operation is not valid: domain is not running'));
});

describe('domjobinfo', () => {
  const saving = withReport(initialStatistics('save'), { remainingMs: 500, memory: { totalBytes: 67_108_864, processedBytes: 512, remainingBytes: 1_536, pageSizeBytes: 4096, speedBytesPerSecond: 1_048_576 } });

  test('has one line where there is no job', async () => {
    expect([await vireo('domjobinfo test'), await vireo('domjobinfo test --completed')]).toEqual([printed('Job type:         None        '), printed('Job type:         None        ')]);
  });

  test('shows what is known of a job that runs', async () => {
    host.job.current = statisticsAt(saving, 1500, null);
    expect(await vireo('domjobinfo test')).toEqual(
      printed(
        'Job type:         Bounded     ',
        'Operation:        Save        ',
        'Time elapsed:     1500         ms',
        'Time remaining:   500          ms',
        'Data processed:   512.000 B',
        'Data remaining:   1.500 KiB',
        'Data total:       64.000 MiB',
        'Memory processed: 512.000 B',
        'Memory remaining: 1.500 KiB',
        'Memory total:     64.000 MiB',
        'Memory bandwidth: 1.000 MiB/s',
        'Page size:        4096         bytes',
      ),
    );
  });

  test('shows how the last one ended, and every field to scripts', async () => {
    host.job.completed = statisticsAt(withReport(initialStatistics('migration-out'), { downtimeMs: 3 }), 900, { type: 'failed', errorMessage: 'the peer is gone' });
    expect(await vireo('domjobinfo test --completed')).toEqual(
      printed(
        'Job type:         Failed      ',
        'Operation:        Outgoing migration',
        'Time elapsed:     900          ms',
        'Total downtime:   3            ms',
        'Error message:    the peer is gone',
      ),
    );
    expect(JSON.parse((await vireo('domjobinfo test --completed --json')).stdout)).toEqual(host.job.completed);
  });
});

test('--rawstats has libvirt\'s own names, and --keep-completed belongs to --completed', async () => {
  host.job.completed = statisticsAt(withReport(initialStatistics('migration-out'), { downtimeMs: 3, memory: { totalBytes: 4096, remainingBytes: 0, processedBytes: 4096 } }), 900, { type: 'completed' });
  expect(await vireo('domjobinfo test --completed --keep-completed --rawstats')).toEqual(
    printed('Job type: 3', '', 'operation: 5', 'time_elapsed: 900', 'downtime: 3', 'data_total: 4096', 'data_processed: 4096', 'data_remaining: 0', 'memory_total: 4096', 'memory_processed: 4096', 'memory_remaining: 0', 'success: 1'),
  );
  expect(await vireo('domjobinfo test --rawstats')).toEqual(printed('Job type: 0', ''));
  expect(await vireo('domjobinfo test --keep-completed')).toEqual(failed('Option --completed is required by option --keep-completed'));
});

test('domjobabort asks, and says nothing unless it was refused', async () => {
  expect(await vireo('domjobabort test')).toEqual(printed());
  expect(host.calls.at(-1)).toMatchObject({ method: 'domainAbortJob', params: { domain: uuid } });
  expect(await vireo('domjobabort test --postcopy')).toEqual(printed());
  expect(host.calls.at(-1)).toMatchObject({ method: 'domainAbortJobFlags', params: { domain: uuid, postcopy: true } });
  host.failures.set('domainAbortJob', new VireoError('OPERATION_INVALID', 'no job is active on the domain'));
  expect(await vireo('domjobabort test')).toEqual(failed('Requested operation is not valid: no job is active on the domain'));
});

describe('ttyconsole', () => {
  const withDevices = (devices: string): void => void (host.xml = `<domain><name>test</name><devices>${devices}</devices></domain>`);

  test('prints the path of the PTY', async () => {
    withDevices("<serial type='pty'><source path='/dev/pts/7'/></serial><console type='pty' tty='/dev/pts/7'/>");
    expect(await vireo('ttyconsole test')).toEqual(printed('/dev/pts/7'));
    withDevices("<serial type='pty'><source path='/dev/pts/8'/></serial>");
    expect(await vireo('ttyconsole test')).toEqual(printed('/dev/pts/8'));
  });

  test('says why there is none', async () => {
    withDevices("<serial type='unix'><source mode='bind' path='/s'/><alias name='serial0'/></serial>");
    const socket = await vireo('ttyconsole test');
    withDevices('');
    expect([socket, await vireo('ttyconsole test'), await vireo('ttyconsole zero')]).toEqual([
      failed('Operation not supported: character device serial0 is not using a PTY', 'vireo console test opens it'),
      failed('Domain has no console'),
      failed('Domain is not running'),
    ]);
  });
});

test.each([
  ["<graphics type='vnc' port='5901' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>", '127.0.0.1:1'],
  ["<graphics type='vnc' port='5900'><listen type='address' address='0.0.0.0'/></graphics>", ':0'],
  ["<graphics type='vnc'><listen type='socket' socket='/state/run/x/v'/></graphics>", 'unix:/state/run/x/v'],
])('vncdisplay of %s is %s', async (graphics, display) => {
  host.xml = `<domain><devices>${graphics}</devices></domain>`;
  expect(await vireo('vncdisplay test')).toEqual(printed(display));
});

test('vncdisplay says what virsh says where there is none', async () => {
  host.xml = "<domain><devices><graphics type='vnc'><listen type='none'/></graphics></devices></domain>";
  expect([await vireo('vncdisplay test'), await vireo('vncdisplay zero')]).toEqual([failed('Failed to get VNC port. Is this domain using VNC?'), failed('Domain is not running')]);
});

test('capabilities and domcapabilities print the documents', async () => {
  expect([await vireo('capabilities'), await vireo('domcapabilities --arch aarch64 --machine virt qemu')]).toEqual([
    printed('<capabilities/>'),
    printed('<domainCapabilities>', '  <arch>aarch64</arch>', '</domainCapabilities>'),
  ]);
  expect(host.calls.at(-1)?.params).toEqual({ virttype: 'qemu', emulator: null, arch: 'aarch64', machine: 'virt' });
});
