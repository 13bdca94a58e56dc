/** `vireo host --stop`, which may shut the guests down first. */
import { beforeEach, expect, test, vi } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { beginCommand, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
const methods = (): string[] => host.calls.map(({ method }) => method).filter((method) => method === 'domainShutdown' || method === 'hostHandOver');

test('--stop leaves the guests alone', async () => {
  host.add({ uuid: 'a', name: 'a', id: 1, state: 'running' });
  expect(await runCommand(host, ['host', '--stop'])).toEqual({ exitCode: 0, stdout: 'Host is being stopped\n\n', stderr: '' });
  expect(methods()).toEqual(['hostHandOver']);
});

test('--shutdown waits for the guests, tells of each, and stops the host when all are off', async () => {
  host.add({ uuid: 'a', name: 'a', id: 1, state: 'running' });
  const run = beginCommand(host, ['host', '--stop', '--shutdown']);
  await vi.waitFor(() => expect(methods()).toEqual(['domainShutdown']));
  host.tell(host.add({ uuid: 'a', name: 'a' }), 'lifecycle', 'stopped', 'shutdown');
  expect([await run.exitCode, run.stdout.text, methods()]).toEqual([0, "Domain 'a' is shut off\nHost is being stopped\n\n", ['domainShutdown', 'hostHandOver']]);
});

test('a guest that stays keeps the host, and is named', async () => {
  host.add({ uuid: 'a', name: 'a', id: 1, state: 'running' });
  const clock = new VirtualClock();
  const run = beginCommand(host, ['host', '--stop', '--shutdown', '--timeout', '5'], { clock });
  await vi.waitFor(() => expect(methods()).toEqual(['domainShutdown']));
  clock.advance(5_000);
  expect([await run.exitCode, run.stderr.text, methods()]).toEqual([1, "error: Failed to stop the host\nerror: operation failed: domain 'a' still runs\n", ['domainShutdown']]);
});

test('a guest that cannot be asked is named with the reason', async () => {
  host.add({ uuid: 'a', name: 'a', id: 1, state: 'paused' });
  host.failures.set('domainShutdown', new VireoError('OPERATION_INVALID', 'domain is paused'));
  expect((await runCommand(host, ['host', '--stop', '--shutdown'])).stderr).toBe("error: Failed to stop the host\nerror: operation failed: domain 'a' still runs: Requested operation is not valid: domain is paused\n");
});

test('the app is not emptied from a terminal, and --shutdown alone makes no sense', async () => {
  host.status = { ...host.status, role: 'app' };
  host.add({ uuid: 'a', name: 'a', id: 1, state: 'running' });
  expect((await runCommand(host, ['host', '--stop', '--shutdown'])).stderr).toBe('error: the app (pid 4711) serves the folder, and is quit by itself\n');
  expect((await runCommand(host, ['host', '--shutdown'])).stderr).toBe('error: Option --stop is required by option --shutdown\n');
  expect(methods()).toEqual([]);
});
