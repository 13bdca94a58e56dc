/** autostart, send-key, inject-nmi and the modes of shutdown, in virsh's words. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { initialStatistics, statisticsAt } from '../../core/job/job-statistics.ts';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'zero', autostart: true });
  host.add({ uuid, name: 'test', id: 1, state: 'running', reason: 'booted' });
});

const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '));
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const failed = (...lines: string[]): CommandOutcome => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });

describe('autostart', () => {
  test('marks and unmarks, as dominfo shows', async () => {
    expect([await vireo('autostart test'), (await vireo('dominfo test')).stdout.includes('Autostart:      enable\n')]).toEqual([printed("Domain 'test' marked as autostarted"), true]);
    expect([await vireo('autostart test --disable'), (await vireo('dominfo test')).stdout.includes('Autostart:      disable\n')]).toEqual([printed("Domain 'test' unmarked as autostarted"), true]);
  });

  test('is refused for a transient domain', async () => {
    host.failures.set('domainSetAutostart', new VireoError('OPERATION_INVALID', 'cannot set autostart for transient domain'));
    expect([await vireo('autostart test'), await vireo('autostart test --disable')]).toEqual([
      failed("Failed to mark domain 'test' as autostarted", 'Requested operation is not valid: cannot set autostart for transient domain'),
      failed("Failed to unmark domain 'test' as autostarted", 'Requested operation is not valid: cannot set autostart for transient domain'),
    ]);
  });

  test('filters the list', async () => {
    expect([await vireo('list --all --name --autostart'), await vireo('list --all --name --no-autostart'), await vireo('list --all --name --autostart --no-autostart')]).toEqual([printed('zero'), printed('test'), printed('test', 'zero')]);
  });
});

describe('send-key', () => {
  const sent = async (line: string): Promise<unknown> => {
    expect(await vireo(line)).toEqual(printed());
    return host.calls.findLast(({ method }) => method === 'domainSendKey')?.params;
  };

  test('takes names and numbers as C writes them', async () => {
    expect(await sent('send-key test KEY_LEFTCTRL 56 0x6f 0157')).toEqual({ domain: uuid, codeset: 'linux', holdTimeMs: null, keys: [29, 56, 111, 111] });
    expect(await sent('send-key test --codeset win32 --holdtime 50 VK_A')).toEqual({ domain: uuid, codeset: 'win32', holdTimeMs: 50, keys: [0x41] });
    expect(await sent('send-key test --codeset rfb 1')).toMatchObject({ codeset: 'rfb', keys: [1] });
  });

  test.each([
    ['send-key test --codeset morse 1', failed("unknown codeset: 'morse'")],
    ['send-key test KEY_NOSUCH', failed("invalid keycode: 'KEY_NOSUCH'")],
    ['send-key test --codeset usb KEY_A', failed("invalid keycode: 'KEY_A'")],
    ['send-key test 1 KEY_A 65536', failed("invalid keycode: '65536'")],
    [`send-key test ${Array(17).fill('30').join(' ')}`, failed('too many keycodes')],
  ])('%s is refused', async (line, outcome) => {
    expect(await vireo(line)).toEqual(outcome);
    expect(host.calls.filter(({ method }) => method === 'domainSendKey')).toEqual([]);
  });
});

test('inject-nmi says nothing', async () => {
  expect(await vireo('inject-nmi test')).toEqual(printed());
  expect(host.calls.at(-1)).toMatchObject({ method: 'domainInjectNMI', params: { domain: uuid } });
});

describe('shutdown --mode', () => {
  test.each([
    ['agent,acpi', 'default'],
    ['acpi,agent', 'default'],
    ['signal', 'signal'],
    ['agent', 'agent'],
  ])('%s asks in mode %s', async (words, mode) => {
    expect(await vireo(`shutdown test --mode ${words}`)).toEqual(printed("Domain 'test' is being shutdown"));
    expect(host.calls.at(-1)).toMatchObject({ method: 'domainShutdown', params: { mode } });
  });

  test.each([
    ['shutdown test --mode acpi,signal', failed("mode 'signal' does not ask the guest and stands alone")],
    ['shutdown test --mode initctl', failed("mode 'initctl' is not for guests of QEMU")],
    ['reboot test --mode signal', failed("Unknown mode signal value, expecting 'acpi' or 'agent'")],
  ])('%s is refused', async (line, outcome) => {
    expect(await vireo(line)).toEqual(outcome);
  });
});

test('domjobinfo says who holds the job, its phase, for how long it is parked, and that it is to end', async () => {
  host.job.current = statisticsAt(initialStatistics('migration-out'), 1500, null);
  host.job.holder = { kind: 'migration-out', owner: 'remoteDispatchDomainMigratePerform3Params', client: 'window 1', sinceMs: 0, phase: 'perform3', parkedUntilMs: Date.UTC(2026, 0, 2), abortRequested: true };
  expect((await vireo('domjobinfo test')).stdout.split('\n').slice(-6, -2)).toEqual([
    'Held by:          remoteDispatchDomainMigratePerform3Params (window 1)',
    'Phase:            perform3',
    'Waits until:      2026-01-02T00:00:00.000Z',
    'Abort:            requested',
  ]);
});
