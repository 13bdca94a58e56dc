import { mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { NewEntry, TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { beginCommand, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
let host: FakeHost;
let domain: DomainSummary;
let entries: TimelineEntry[];
beforeEach(() => {
  host = new FakeHost();
  domain = host.add({ name: 'test', id: 1, state: 'running' });
  const told: Partial<NewEntry>[] = [
    { kind: 'action', what: 'domainCreate', by: { owner: 'remoteDispatchDomainCreate', client: 'window 1' }, outcome: { ok: true, durationMs: 412, error: null } },
    { kind: 'stderr', what: 'line', details: { line: 'qemu: something' } },
    { kind: 'driver', what: 'nobody-watched', details: { fromMs: atMs, toMs: atMs + 60_000, letGo: true } },
    {
      kind: 'lifecycle', what: 'stopped', details: { detail: 'crashed', state: 'shut off', reason: 'crashed' },
      account: { signal: 'SIGKILL', exitCode: null, endedByDriver: false, stderrTail: ['qemu: something'], lastMessages: [{ atMs, direction: 'command', name: 'cont', text: '' }], state: 'running', reason: 'booted', holders: [{ kind: 'modify', owner: 'remoteDispatchDomainX', client: 'window 1' }], unanswered: 'device_add' },
    },
  ];
  entries = told.map((entry, index) => ({ seq: index + 1, atMs: atMs + index * 1_000, run: 1, kind: 'lifecycle', what: 'x', details: {}, by: null, outcome: null, account: null, ...entry }));
  host.timeline = [...entries];
});

describe('timeline', () => {
  test('prints what happened, oldest first, a sentence each', async () => {
    const run = await runCommand(host, ['timeline', 'test']);
    expect(run.stdout.split('\n')).toEqual([
      '2026-01-02 03:04:05.678+0000  action     Start, asked by window 1: done in 0.4 s',
      '2026-01-02 03:04:06.678+0000  stderr     qemu: something',
      '2026-01-02 03:04:07.678+0000  driver     No driver watched from 2026-01-02 03:04:05.678+0000 to 2026-01-02 03:05:05.678+0000',
      '2026-01-02 03:04:08.678+0000  lifecycle  Crashed. QEMU was ended by SIGKILL',
      '',
      '',
    ]);
  });

  test('with --details tells all that is known of a run’s end', async () => {
    const run = await runCommand(host, ['timeline', 'test', '--kind', 'lifecycle', '--details']);
    expect(run.stdout.split('\n').slice(1, 8)).toEqual([
      '    it was running (booted)',
      '    modify job of window 1 (remoteDispatchDomainX)',
      "    QEMU had not answered 'device_add'",
      "    QEMU's last words:",
      '      qemu: something',
      '    the last messages with QEMU:',
      '      2026-01-02 03:04:05.678+0000 command cont',
    ]);
  });

  test('takes the newest, some kinds, or what is not older', async () => {
    const seqs = async (...words: string[]): Promise<number[]> => {
      const run = await runCommand(host, ['timeline', 'test', '--json', ...words]);
      return run.stdout.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as TimelineEntry).seq);
    };
    expect(await seqs('--lines', '2')).toEqual([3, 4]);
    expect(await seqs('--kind', 'action,stderr')).toEqual([1, 2]);
    expect(await seqs('--since', '2026-01-02T03:04:07Z')).toEqual([3, 4]);
    expect(await seqs('--since', '1s')).toEqual([]);
  });

  test('with --follow goes on, and tells nothing twice', async () => {
    const run = beginCommand(host, ['timeline', 'test', '--follow', '--lines', '1']);
    await vi.waitFor(() => expect(run.stdout.text).toContain('SIGKILL'));
    host.record(domain, { ...entries[1]!, seq: 5, details: { line: 'qemu: more' } });
    await vi.waitFor(() => expect(run.stdout.text).toContain('qemu: more'));
    run.interrupt('SIGINT');
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text.trim().split('\n')).toHaveLength(2);
  });

  test('with --export writes JSON lines to a file of its own', async () => {
    const folder = await mkdtemp('/tmp/vireo-');
    try {
      const run = await runCommand(host, ['timeline', 'test', '--export', 'out.jsonl'], { folder });
      expect(run.stdout).toBe(`4 entries written to ${path.join(folder, 'out.jsonl')}\n\n`);
      const lines = (await readFile(path.join(folder, 'out.jsonl'), 'utf8')).trim().split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(entries);
      const again = await runCommand(host, ['timeline', 'test', '--export', 'out.jsonl'], { folder });
      expect(again.stderr).toMatch(/^error: Failed to write/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('says which kinds there are, and what it does not understand', async () => {
    expect((await runCommand(host, ['timeline', 'test', '--kind', 'sterr'])).stderr).toMatch(/unknown kind 'sterr'; there are lifecycle, qmp, action/);
    expect((await runCommand(host, ['timeline', 'test', '--since', 'yesterdayish'])).stderr).toMatch(/neither a time nor how long ago/);
    expect((await runCommand(host, ['timeline', 'nobody'])).stderr).toMatch(/Failed to read the timeline of domain 'nobody'/);
  });
});
