/** The bundled command in a real terminal: raw while the console is open, put back after it, whatever ends it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { IPty } from 'node-pty';
import { serve } from '../../core/api/server.ts';
import { type LocalServer, listenLocal } from '../../core/api/local-server.ts';
import { type StateLayout, prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { processesNaming } from '../support/electron-processes.ts';
import { type BuiltCommand, buildCommand } from './built-command.ts';
import { FakeHost } from './fake-host.ts';

/** Null where its native part could not be built; the tests are then counted as skipped. */
const pty = await import('node-pty').then(
  (module) => (module.spawn('true', [], {}).kill(), module),
  () => null,
);

let command: BuiltCommand;
let layout: StateLayout;
let host: FakeHost;
let server: LocalServer;
let terminal: IPty;
let screen: string;

describe.skipIf(pty === null)('the console in a real terminal', () => {
  beforeAll(async () => {
    command = await buildCommand();
  }, 60_000);
  afterAll(() => command[Symbol.asyncDispose]());
  beforeEach(async () => {
    layout = stateLayout(await mkdtemp('/tmp/vireo-'));
    await prepareStateFolder(layout);
    host = new FakeHost();
    host.add({ name: 'test', id: 1, state: 'running' });
    host.console.history = 'login: ';
    server = await listenLocal(layout.socket, (channel) => void serve(channel, host.served()));
    screen = '';
    // The shell shows what the terminal is like when the command has ended: a raw one does not echo.
    const line = `"$0" "$@"; echo "exit code $?"; stty -a | grep -o -- '-*\\(echo\\|icanon\\|isig\\|opost\\) '`;
    // What no code of ours can foresee: an error that nobody catches.
    const fault = path.join(layout.root, 'fault.cjs');
    await writeFile(fault, "process.on('SIGUSR2', () => { throw new Error('a fault in the command'); });\n");
    terminal = pty!.spawn('sh', ['-c', line, process.execPath, '--require', fault, command.script, 'console', 'test', '--home', layout.root], { cols: 80, rows: 24 });
    terminal.onData((text) => (screen += text));
    await shows('login: ');
  });
  afterEach(async () => {
    try {
      process.kill(terminal.pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
    await server.close();
    await rm(layout.root, { recursive: true, force: true });
  });

  const shows = (text: string): Promise<void> => vi.waitFor(() => expect(screen).toContain(text), { timeout: 10_000 });

  async function ended(exitCode: number): Promise<void> {
    await shows(`exit code ${exitCode}`);
    await vi.waitFor(() => expect(screen.slice(screen.indexOf('exit code')).split(/\s+/)).toEqual(expect.arrayContaining(['echo', 'icanon', 'isig', 'opost'])), { timeout: 10_000 });
  }

  test('every key goes to the guest, Ctrl + C too; Ctrl + ] ends it', async () => {
    expect(screen).toContain("Connected to domain 'test'\r\nEscape character is ^] (Ctrl + ])\r\n");
    terminal.write('ls\r\u0003\u0004');
    await vi.waitFor(() => expect(host.console.typed).toBe('ls\r\u0003\u0004'));
    expect(screen).not.toContain('ls');
    terminal.write('\u001d');
    await ended(0);
  });

  test('a line feed of the guest is no carriage return', async () => {
    await host.console.print('over\nunder');
    await shows('over\nunder');
  });

  test('the end of the guest ends it', async () => {
    host.console.finish();
    await ended(0);
  });

  test('the death of the host ends it with a clear error', async () => {
    await server.close();
    await shows('error: the connection to the Vireo host was closed');
    await ended(1);
  });

  async function signal(name: NodeJS.Signals): Promise<void> {
    const found = (await processesNaming(layout.root)).find(({ program, words }) => program === process.execPath && words.includes(command.script));
    process.kill(found!.pid, name);
  }

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 0],
    ['SIGQUIT', 131],
  ] as const)('%s ends it', async (name, exitCode) => {
    await signal(name);
    await ended(exitCode);
  });

  test('a fault in the command itself leaves a usable terminal too', async () => {
    await signal('SIGUSR2');
    await shows('a fault in the command');
    await ended(1);
  });

  test('stopped by a signal it leaves the terminal as it was, and takes it again when it goes on', async () => {
    const { ptsName } = terminal as IPty & { readonly ptsName: string };
    const settings = async (): Promise<string> => (await promisify(execFile)('stty', ['-F', ptsName, '-a'])).stdout;
    expect(await settings()).toMatch(/-icanon/);
    await signal('SIGTSTP');
    await vi.waitFor(async () => expect(await settings()).toMatch(/[^-]icanon/), { timeout: 10_000 });
    await signal('SIGCONT');
    await vi.waitFor(async () => expect(await settings()).toMatch(/-icanon/), { timeout: 10_000 });
    terminal.write('\u001d');
    await ended(0);
  });
});
