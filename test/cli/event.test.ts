import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { type CommandOptions, type CommandRun, beginCommand, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;
let domain: DomainSummary;
beforeEach(() => {
  host = new FakeHost();
  domain = host.add({ name: 'test', id: 1, state: 'running' });
});

async function listen(line: string, options?: CommandOptions): Promise<CommandRun> {
  const run = beginCommand(host, ['event', ...line.split(' ')], options);
  await vi.waitFor(() => expect(host.listeners).toBe(1));
  return run;
}

describe('event', () => {
  test('ends with the first one that was asked for', async () => {
    const run = await listen('--event lifecycle');
    host.tell(domain, 'changed', null, null);
    host.tell(domain, 'reboot', null, null);
    host.tell(domain, 'lifecycle', 'started', 'booted');
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text).toBe("event 'lifecycle' for domain 'test': Started Booted\nevents received: 1\n\n");
  });

  test('tells the details in virsh’s words', async () => {
    const run = await listen('--all --loop');
    for (const [event, detail] of [['suspended', 'ioerror'], ['shutdown', 'guest'], ['pmsuspended', 'memory'], ['crashed', 'panicked'], ['stopped', 'from snapshot']] as const) host.tell(domain, 'lifecycle', event, detail);
    host.tell(domain, 'reboot', null, null);
    host.tell(domain, 'rtc-change', '12', null);
    host.tell(domain, 'agent-lifecycle', 'connected', 'channel event');
    await vi.waitFor(() => expect(run.stdout.text).toContain('agent-lifecycle'));
    run.interrupt('SIGINT');
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text.split('\n')).toEqual([
      "event 'lifecycle' for domain 'test': Suspended I/O Error",
      "event 'lifecycle' for domain 'test': Shutdown Finished after guest request",
      "event 'lifecycle' for domain 'test': PMSuspended Memory",
      "event 'lifecycle' for domain 'test': Crashed Panicked",
      "event 'lifecycle' for domain 'test': Stopped Snapshot",
      "event 'reboot' for domain 'test'",
      "event 'rtc-change' for domain 'test': 12",
      "event 'agent-lifecycle' for domain 'test': state: 'connected' reason: 'channel event'",
      'event loop interrupted',
      'events received: 8',
      '',
      '',
    ]);
  });

  test('of another domain is not told', async () => {
    const other = host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'other' });
    const run = await listen('--domain other --all --timestamp');
    host.tell(domain, 'lifecycle', 'started', 'booted');
    host.tell(other, 'lifecycle', 'defined', 'added');
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text).toBe("2026-01-02 03:04:05.678+0000: event 'lifecycle' for domain 'other': Defined Added\nevents received: 1\n\n");
  });

  test('that does not come in time fails', async () => {
    const clock = new VirtualClock();
    const run = await listen('--all --timeout 3', { clock });
    clock.advance(3_000);
    expect(await run.exitCode).toBe(1);
    expect(run.stdout.text).toBe('event loop timed out\nevents received: 0\n\n');
    expect(clock.sleeping).toBe(0);
  });

  test('is one JSON document a line', async () => {
    const run = await listen('--all --json');
    host.tell(domain, 'lifecycle', 'started', 'booted');
    expect(await run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout.text)).toMatchObject({ type: 'lifecycle', event: 'started', detail: 'booted', domain: { name: 'test' }, revision: 1 });
  });

  test('must be one that exists', async () => {
    expect([await runCommand(host, ['event']), await runCommand(host, ['event', '--event', 'nosuch']), await runCommand(host, ['event', '--list', '--all'])]).toEqual(
      ['one of --list, --all, or --event <type> is required', 'unknown event type nosuch', 'Options --list and --all are mutually exclusive'].map((line) => ({ exitCode: 1, stdout: '\n', stderr: `error: ${line}\n` })),
    );
  });
});
