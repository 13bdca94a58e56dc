/** The bundled command between pipes, as scripts use it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type LocalServer, listenLocal } from '../../core/api/local-server.ts';
import { serve } from '../../core/api/server.ts';
import { type StateLayout, prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { type BuiltCommand, buildCommand, spawnCommand } from './built-command.ts';
import { FakeHost } from './fake-host.ts';

const patient = { timeout: 15_000 };
const escapeKey = '\u001d';

let command: BuiltCommand;
let layout: StateLayout;
let host: FakeHost;
let server: LocalServer;

beforeAll(async () => {
  command = await buildCommand();
}, 60_000);
afterAll(() => command[Symbol.asyncDispose]());
beforeEach(async () => {
  layout = stateLayout(await mkdtemp('/tmp/vireo-'));
  await prepareStateFolder(layout);
  host = new FakeHost();
  host.add({ name: 'test', id: 1, state: 'running' });
  host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'off' });
  server = await listenLocal(layout.socket, (channel) => void serve(channel, host.served()));
});
afterEach(async () => {
  await server.close();
  await rm(layout.root, { recursive: true, force: true });
});

test.each([['console test'], ['start off --console'], ['start off --autodestroy --console']])('%s ends at the escape key though its input stays open', async (line) => {
  const run = spawnCommand(command, layout.root, line.split(' '));
  await vi.waitFor(() => expect(run.printed()).toContain('Escape character'), patient);
  run.child.stdin.write(`text${escapeKey}`);
  expect((await run.outcome).exitCode).toBe(0);
  expect(host.console.typed).toBe('text');
});

test('bytes of every value pass, in and out', async () => {
  const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, value) => value)).filter((value) => value !== 0x1d);
  const run = spawnCommand(command, layout.root, ['-q', 'console', 'test', '--linger=1']);
  const printed: Buffer[] = [];
  run.child.stdout.on('data', (bytes: Buffer) => printed.push(bytes));
  await vi.waitFor(() => expect(host.console.link).not.toBeNull(), patient);
  await host.console.printBytes(all);
  run.child.stdin.end(all);
  expect((await run.outcome).exitCode).toBe(0);
  expect(Buffer.from(host.console.typed, 'latin1').equals(Buffer.from(all))).toBe(true);
  expect(Buffer.concat(printed).includes(Buffer.from(all))).toBe(true);
});

test('a reader who leaves early ends it without a word', async () => {
  const shell = spawn('sh', ['-c', '{ "$0" "$@"; echo "exit code $?" >&2; } | head -n 3 >/dev/null', process.execPath, command.script, 'console', 'test', '--home', layout.root], { stdio: ['pipe', 'ignore', 'pipe'] });
  const exited = once(shell, 'exit');
  let said = '';
  shell.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await vi.waitFor(() => expect(host.console.link).not.toBeNull(), patient);
  // The third line is enough for head; what comes after it has no reader.
  await vi.waitFor(async () => {
    await host.console.print('line\n');
    expect(said).not.toBe('');
  }, patient);
  expect(said).toBe('exit code 0\n');
  await exited;
});
