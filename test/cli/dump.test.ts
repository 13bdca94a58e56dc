import { beforeEach, describe, expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.add({ name: 'test', id: 1, state: 'running' });
});

describe('dump', () => {
  test('writes where the caller is, in virsh’s words', async () => {
    const run = await runCommand(host, ['dump', 'test', 'core', '--memory-only', '--format', 'kdump-zlib', '--crash']);
    expect([run.exitCode, run.stdout, run.stderr]).toEqual([0, "\nDomain 'test' dumped to core\n\n", '']);
    const { params } = host.calls.find(({ method }) => method === 'domainCoreDumpWithFormat') ?? {};
    expect(params).toMatchObject({ to: expect.stringMatching(/^\/.*core$/), format: 'kdump-zlib', live: false, afterwards: 'crash' });
  });

  test('shows how far it is where it is asked to', async () => {
    const run = await runCommand(host, ['dump', 'test', '/tmp/core', '--verbose']);
    expect(run.stdout).toContain('\rDump: [100 %]');
  });

  test.each([
    [['--live', '--crash'], /mutually exclusive/],
    [['--live', '--reset'], /mutually exclusive/],
    [['--crash', '--reset'], /mutually exclusive/],
    [['--format', 'tar'], /format 'tar' is not supported, expecting 'kdump-zlib', 'kdump-lzo', 'kdump-snappy', 'win-dmp' or 'elf'/],
  ])('with %j is refused', async (options, words) => {
    const run = await runCommand(host, ['dump', 'test', 'core', ...options]);
    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(words)]);
  });

  test('that fails says of which domain, and where to', async () => {
    host.failures.set('domainCoreDumpWithFormat', new VireoError('OPERATION_FAILED', 'memory-only dump failed: no room'));
    const run = await runCommand(host, ['dump', 'test', 'core']);
    expect([run.exitCode, run.stderr]).toEqual([1, "error: Failed to core dump domain 'test' to core\nerror: operation failed: memory-only dump failed: no room\n"]);
  });
});

describe('domblkerror', () => {
  test('names each disk and its error', async () => {
    expect((await runCommand(host, ['domblkerror', 'test'])).stdout).toBe('No errors found\n\n');
    host.add({ name: 'full', id: 2, uuid: '00000000-0000-4000-8000-000000000002', diskErrors: [{ disk: 'vda', error: 'no space', message: 'No space left on device' }] });
    expect((await runCommand(host, ['domblkerror', 'full'])).stdout).toBe('vda: no space\n\n');
  });
});
