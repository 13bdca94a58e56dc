import { describe, beforeEach, expect, test, vi } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { type CommandOptions, type CommandRun, beginCommand, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const greeting = "Connected to domain 'test'\nEscape character is ^] (Ctrl + ])\n";
const escapeKey = '\u001d';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.add({ name: 'test', id: 1, state: 'running', reason: 'booted' });
});

/** A console that is open. */
async function attach(line = 'console test', options?: CommandOptions): Promise<CommandRun> {
  const run = beginCommand(host, line.split(' '), options);
  await vi.waitFor(() => expect(run.stdout.text).toContain('Escape character'));
  await vi.waitFor(() => expect(host.console.link).not.toBeNull());
  return run;
}

describe('a console in the terminal', () => {
  test('shows what the guest prints and sends what is typed, until the escape key', async () => {
    host.console.history = 'login: ';
    const run = await attach();
    run.stdin.write('root\r');
    await vi.waitFor(() => expect(host.console.typed).toBe('root\r'));
    await host.console.print('root\r\n# ');
    await vi.waitFor(() => expect(run.stdout.text).toBe(`${greeting}login: root\r\n# `));
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text).toBe(`${greeting}login: root\r\n# \n`);
    await vi.waitFor(() => expect(host.console.link).toBeNull());
  });

  test('is raw meanwhile, and put back however it ends', async () => {
    const endings: readonly ((run: CommandRun) => void)[] = [
      (run) => void run.stdin.write(escapeKey),
      () => host.console.finish(),
      () => host.console.finish(new VireoError('SYSTEM_ERROR', 'the device failed')),
      (run) => run.interrupt('SIGTERM'),
    ];
    const outcomes: unknown[] = [];
    for (const end of endings) {
      const modes: boolean[] = [];
      const run = await attach('console test', { terminal: (raw) => modes.push(raw) });
      const during = [...modes];
      end(run);
      outcomes.push({ exitCode: await run.exitCode, during, modes, stderr: run.stderr.text });
    }
    const modes = { during: [true], modes: [true, false] };
    expect(outcomes).toEqual([
      { exitCode: 0, ...modes, stderr: '' },
      { exitCode: 0, ...modes, stderr: '' },
      { exitCode: 1, ...modes, stderr: 'error: the device failed\n' },
      { exitCode: 143, ...modes, stderr: '' },
    ]);
    expect(process.listeners('exit').filter((listener) => listener.name === 'onExit')).toEqual([]);
  });

  test('goes on after the end of its input, so that scripts see the answer', async () => {
    const run = await attach();
    run.stdin.end('poweroff\r');
    await vi.waitFor(() => expect(host.console.typed).toBe('poweroff\r'));
    await host.console.print('System halted');
    host.console.finish();
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text).toBe(`${greeting}System halted\n`);
  });

  test('without a terminal Ctrl + C ends it well', async () => {
    const run = await attach();
    run.interrupt('SIGINT');
    expect(await run.exitCode).toBe(0);
  });

  test('can have another escape key', async () => {
    const run = await attach('-e ^A console test');
    expect(run.stdout.text).toContain('Escape character is ^A (Ctrl + A)');
    run.stdin.write(`x${escapeKey}\u0001y`);
    expect(await run.exitCode).toBe(0);
    expect(host.console.typed).toBe(`x${escapeKey}`);
    expect(await runCommand(host, ['console', 'test', '--escape', 'xyz'])).toEqual({ exitCode: 1, stdout: '', stderr: "error: Invalid string 'xyz' for escape sequence\n" });
  });

  test('asks the host for the device and the way', async () => {
    const run = await attach('console test serial1 --force --safe');
    expect(host.console.opened).toMatchObject({ device: 'serial1', mode: 'write', force: true, from: 'history' });
    run.stdin.write(escapeKey);
    await run.exitCode;
  });

  test('a watcher sends nothing', async () => {
    const run = await attach('console test --watch');
    expect(host.console.opened).toMatchObject({ mode: 'watch', force: false });
    run.stdin.write(`typed${escapeKey}`);
    expect(await run.exitCode).toBe(0);
    expect(host.console.typed).toBe('');
  });

  test('is told who took it over, and watches on', async () => {
    const run = await attach();
    host.console.link?.sendMessage({ type: 'notice', what: 'taken-over', by: 'window 2', atMs: 0 });
    await vi.waitFor(() => expect(run.stderr.text).toBe('\r\nvireo: window 2 took over the console; you are watching (^] (Ctrl + ]) ends)\r\n'));
    await host.console.print('still here');
    await vi.waitFor(() => expect(run.stdout.text).toContain('still here'));
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
  });

  test('names what was lost', async () => {
    const run = await attach();
    host.console.link?.sendMessage({ type: 'gap', from: 100, to: 4096 });
    await vi.waitFor(() => expect(run.stderr.text).toContain("vireo: 3996 bytes of the guest's output were not kept"));
    run.stdin.write(escapeKey);
    await run.exitCode;
  });

  test('that somebody else holds is refused with who it is and what to do', async () => {
    host.console.refusal = new VireoError('OPERATION_FAILED', 'Active console session exists for this domain', { details: { holder: 'window 1', sinceMs: Date.UTC(2026, 0, 2) } });
    expect(await runCommand(host, ['console', 'test'])).toEqual({
      exitCode: 1,
      stdout: '\n',
      stderr: [
        'error: operation failed: Active console session exists for this domain',
        'error: held by window 1 since 2026-01-02T00:00:00.000Z',
        'error: use --force to take it over, or --watch to look on',
        '',
      ].join('\n'),
    });
  });

  test('does not let the guest run ahead of a slow terminal', async () => {
    const run = await attach();
    run.stdout.held = [];
    const piece = 'x'.repeat(60_000);
    let sent = 0;
    const printing = (async () => {
      for (; sent < 10; sent++) await host.console.print(piece);
    })();
    await vi.waitFor(() => expect(run.stdout.held?.length).toBe(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(2);
    for (const shown of run.stdout.held) shown();
    run.stdout.held = null;
    await printing;
    await vi.waitFor(() => expect(run.stdout.text.length).toBe(greeting.length + 10 * piece.length));
    run.stdin.write(escapeKey);
    await run.exitCode;
  });

  test('start --console attaches to what it started', async () => {
    host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'zero' });
    const run = await attach('start zero --console');
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text).toBe("Domain 'zero' started\nConnected to domain 'zero'\nEscape character is ^] (Ctrl + ])\n\n");
  });
});
