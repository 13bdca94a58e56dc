/** `console --pty`: the console as a terminal of this machine, used by programs that know nothing of Vireo. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LocalServer, listenLocal } from '../../core/api/local-server.ts';
import { serve } from '../../core/api/server.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type StateLayout, prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { type BuiltCommand, type RunningCommand, buildCommand, spawnCommand } from './built-command.ts';
import { FakeHost } from './fake-host.ts';

/** Null where its native part could not be built; the tests are then counted as skipped. */
const pty = await import('node-pty').then(
  (module) => (module.spawn('true', [], {}).kill(), module),
  () => null,
);
const patient = { timeout: 10_000 };

let command: BuiltCommand;
let layout: StateLayout;
let host: FakeHost;
let server: LocalServer;
let domain: DomainSummary;
let run: RunningCommand;

describe.skipIf(pty === null)('a console as a terminal of this machine', () => {
  beforeAll(async () => {
    command = await buildCommand();
    // Shipped, it lies beside the packages that it needs.
    await symlink(path.resolve('node_modules'), path.join(path.dirname(command.script), 'node_modules'));
  }, 60_000);
  afterAll(() => command[Symbol.asyncDispose]());
  beforeEach(async () => {
    layout = stateLayout(await mkdtemp('/tmp/vireo-'));
    await prepareStateFolder(layout);
    host = new FakeHost();
    domain = host.add({ name: 'test', id: 1, state: 'running' });
    server = await listenLocal(layout.socket, (channel) => void serve(channel, host.served()));
  });
  afterEach(async () => {
    run.child.kill('SIGKILL');
    await run.outcome;
    await server.close();
    await rm(layout.root, { recursive: true, force: true });
  });

  /** The command's terminal, once it is there. */
  async function begin(...options: string[]): Promise<string> {
    run = spawnCommand(command, layout.root, ['console', '--pty', 'test', ...options]);
    await vi.waitFor(() => expect(`${run.printed()}${run.complained()}`).toMatch(/^\/dev\/\S+\n/), patient);
    await vi.waitFor(() => expect(host.console.link).not.toBeNull(), patient);
    return run.printed().trim();
  }

  /** A program that reads the terminal. */
  function reader(terminal: string): { child: ChildProcess; text: () => string } {
    const child = spawn('cat', [terminal], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    return { child, text: () => text };
  }

  const type = (terminal: string, text: string): Promise<unknown> => promisify(execFile)('sh', ['-c', `printf '${text}' >${terminal}`]);

  test('carries every byte both ways, and nothing of what the guest says comes back to it', async () => {
    const terminal = await begin();
    using program = disposable(reader(terminal));
    const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, value) => value)).toString('latin1');
    await host.console.printBytes(Buffer.from(all, 'latin1'));
    await vi.waitFor(() => expect(program.text()).toBe(all), patient);
    await type(terminal, 'ls\\r\\n\\003\\004');
    await vi.waitFor(() => expect(host.console.typed).toBe('ls\r\n\u0003\u0004'), patient);
    run.child.kill('SIGINT');
    expect(await run.outcome).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("vireo: console ttyS0 of domain 'test' at /dev/") });
  });

  test('a program may leave and another come: what was printed meanwhile waits for it', async () => {
    const terminal = await begin();
    const first = reader(terminal);
    await host.console.print('one ');
    await vi.waitFor(() => expect(first.text()).toBe('one '), patient);
    first.child.kill();
    await once(first.child, 'exit');
    const much = 'x'.repeat(50_000);
    const printing = host.console.print(`two ${much}`);
    using second = disposable(reader(terminal));
    await printing;
    await vi.waitFor(() => expect(second.text()).toBe(`two ${much}`), patient);
  });

  test('read only it takes nothing from a program', async () => {
    const terminal = await begin('--readonly');
    expect(host.console.opened).toMatchObject({ mode: 'watch' });
    await type(terminal, 'typed');
    using program = disposable(reader(terminal));
    await host.console.print('still here');
    await vi.waitFor(() => expect(program.text()).toBe('still here'), patient);
    expect(host.console.typed).toBe('');
  });

  test('it ends with the guest, after its last words', async () => {
    const terminal = await begin();
    using program = disposable(reader(terminal));
    await host.console.print('Power down');
    host.console.finish();
    expect((await run.outcome).exitCode).toBe(0);
    await vi.waitFor(() => expect(program.text()).toBe('Power down'), patient);
  });

  test('with --wait it is the same terminal for the next run', async () => {
    const terminal = await begin('--wait');
    using program = disposable(reader(terminal));
    await host.console.print('first run. ');
    host.domains.set(domain.uuid, { ...domain, id: null, state: 'shut off' });
    host.console.finish();
    await vi.waitFor(() => expect(host.console.link).toBeNull(), patient);
    await vi.waitFor(() => expect(host.listeners).toBeGreaterThan(0), patient);
    const again = { ...domain, id: 2 };
    host.domains.set(domain.uuid, again);
    host.tell(again, 'lifecycle', 'started', 'booted');
    await vi.waitFor(() => expect(host.console.link).not.toBeNull(), patient);
    expect(host.console.opened).toMatchObject({ from: 'run' });
    await host.console.print('second run.');
    await vi.waitFor(() => expect(program.text()).toBe('first run. second run.'), patient);
  });

  test('takes free input back, and tells who has it', async () => {
    await begin();
    host.console.link?.sendMessage({ type: 'notice', what: 'taken-over', by: 'window 2', atMs: 0 });
    host.console.link?.sendMessage({ type: 'mode', mode: 'watch' });
    host.console.link?.sendMessage({ type: 'notice', what: 'released', by: 'window 2', atMs: 0 });
    await vi.waitFor(() => expect(host.console.said).toEqual([{ type: 'request-write', force: false }]), patient);
    expect(run.complained()).toContain('vireo: window 2 took over the console; you are watching\n');
  });
});

function disposable<T extends { readonly child: ChildProcess }>(program: T): T & Disposable {
  return { ...program, [Symbol.dispose]: () => void program.child.kill() };
}
