import { describe, beforeEach, expect, test, vi } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { type CommandOptions, type CommandRun, beginCommand, runCommand } from './command-run.ts';
import { VirtualClock, settled } from '../support/virtual-clock.ts';
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
    await vi.waitFor(() => expect(run.stderr.text).toBe('vireo: window 2 took over the console; you are watching (^] (Ctrl + ]) ends)\n'));
    await host.console.print('still here');
    await vi.waitFor(() => expect(run.stdout.text).toContain('still here'));
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
  });

  test('names what was lost', async () => {
    const run = await attach();
    host.console.link?.sendMessage({ type: 'gap', from: 100, to: 4096, fromMs: null, toMs: null });
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
        'error: use --force to take it over, --request to ask for it, or --watch to look on',
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

  test('whose reader has enough ends without a word', async () => {
    const run = await attach();
    run.stdout.failure = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    void host.console.print('more');
    expect(await run.exitCode).toBe(0);
    expect(run.stderr.text).toBe('');
  });

  test('whose output cannot be written ends with the reason', async () => {
    const run = await attach();
    run.stdout.failure = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    void host.console.print('more');
    expect(await run.exitCode).toBe(1);
    expect(run.stderr.text).toContain("the console's output cannot be written");
  });

  test('with --linger ends once its input has ended and the guest is silent', async () => {
    const clock = new VirtualClock();
    const run = await attach('console test --linger 5', { clock });
    run.stdin.end('uptime\r');
    await vi.waitFor(() => expect(host.console.typed).toBe('uptime\r'));
    await vi.waitFor(() => expect(clock.sleeping).toBe(1));
    clock.advance(4_000);
    await host.console.print('up 3 days');
    await vi.waitFor(() => expect(run.stdout.text).toContain('up 3 days'));
    clock.advance(1_000);
    await settled();
    expect(clock.sleeping).toBe(1);
    clock.advance(4_000);
    expect(await run.exitCode).toBe(0);
  });

  test('with --resume lets a paused guest run once it reads', async () => {
    host.add({ uuid: '00000000-0000-4000-8000-000000000009', name: 'paused', id: 9, state: 'paused' });
    const run = await attach('console paused --resume');
    await vi.waitFor(() => expect(host.calls.map(({ method }) => method)).toContain('domainResume'));
    host.failures.set('domainResume', new VireoError('OPERATION_INVALID', 'domain is already running'));
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
    const second = await runCommand(host, ['console', 'paused', '--resume']);
    expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("error: Failed to resume domain 'paused'\nerror: Requested operation is not valid: domain is already running") });
  });

  test('start --console attaches to what it started', async () => {
    host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'zero' });
    const run = await attach('start zero --console');
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
    expect(run.stdout.text).toBe("Domain 'zero' started\nConnected to domain 'zero'\nEscape character is ^] (Ctrl + ])\n\n");
  });
});

describe('the input of a console', () => {
  const other = { sessionId: 's2', label: 'window 2', sinceMs: 0 };

  test('that another asks for is told of once', async () => {
    const run = await attach();
    host.console.link?.sendMessage({ type: 'requests', from: [other] });
    host.console.link?.sendMessage({ type: 'requests', from: [other, { ...other, sessionId: 's3', label: 'window 3' }] });
    await vi.waitFor(() => expect(run.stderr.text).toContain('window 3'));
    expect(run.stderr.text.match(/window 2 asks for the input; \^\] \(Ctrl \+ \]\) ends this console and frees it/g)).toHaveLength(1);
    run.stdin.write(escapeKey);
    await run.exitCode;
  });

  test('is handed over with --yield, and what is typed afterwards is not sent', async () => {
    const modes: boolean[] = [];
    const run = await attach('console test --yield', { terminal: (raw) => modes.push(raw) });
    host.console.link?.sendMessage({ type: 'requests', from: [other] });
    await vi.waitFor(() => expect(host.console.said).toEqual([{ type: 'hand-over', to: 's2' }]));
    host.console.link?.sendMessage({ type: 'mode', mode: 'watch' });
    await vi.waitFor(() => expect(run.stderr.text).toContain('handing the input to window 2'));
    run.stdin.write('typed');
    await vi.waitFor(() => expect(run.stdout.text).toContain('\u0007'));
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
    expect(host.console.typed).toBe('');
  });

  test('is asked for with --request; a script waits with what it has to say', async () => {
    host.console.held = true;
    const run = await attach('console test --request');
    expect(host.console.opened).toMatchObject({ mode: 'write-or-watch' });
    await vi.waitFor(() => expect(host.console.said).toEqual([{ type: 'ask' }]));
    host.console.link?.sendMessage({ type: 'request', state: 'waiting', by: 'window 2' });
    run.stdin.write('hello\r');
    await vi.waitFor(() => expect(run.stderr.text).toBe('vireo: asked window 2 for the input; watching until it is handed over\n'));
    expect(host.console.typed).toBe('');
    host.console.link?.sendMessage({ type: 'notice', what: 'handed-over', by: 'window 2', atMs: 0 });
    host.console.link?.sendMessage({ type: 'mode', mode: 'write' });
    await vi.waitFor(() => expect(host.console.typed).toBe('hello\r'));
    expect(run.stderr.text).toContain('vireo: window 2 handed the input to you\n');
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
  });

  test('that was asked for is taken when its writer goes', async () => {
    host.console.held = true;
    const run = await attach('console test --request');
    host.console.link?.sendMessage({ type: 'request', state: 'moot', by: 'window 2' });
    await vi.waitFor(() => expect(host.console.said).toEqual([{ type: 'ask' }, { type: 'request-write', force: false }]));
    host.console.link?.sendMessage({ type: 'mode', mode: 'write' });
    await vi.waitFor(() => expect(run.stderr.text).toContain('vireo: the input is yours\n'));
    run.stdin.write(escapeKey);
    await run.exitCode;
  });

  test('is not asked for and forced, or asked for by one who only watches', async () => {
    for (const [one, second] of [['force', 'request'], ['request', 'watch'], ['force', 'readonly'], ['pty', 'linger']]) {
      const words = ['console', 'test', `--${one}`, second === 'linger' ? '--linger=1' : `--${second}`];
      expect((await runCommand(host, words)).stderr).toBe(`error: Options --${one} and --${second} are mutually exclusive\n`);
    }
  });
});

describe('a message of ours in a terminal', () => {
  test('stands on a line of its own, and never inside a control sequence of the guest', async () => {
    const run = await attach('console test', { terminal: () => {} });
    await host.console.print('half a colour \u001b[3');
    await vi.waitFor(() => expect(run.stdout.text).toContain('\u001b[3'));
    host.console.link?.sendMessage({ type: 'requests', from: [{ sessionId: 's2', label: 'window 2', sinceMs: 0 }] });
    expect(run.stderr.text).toBe('');
    await host.console.print('1mred\r\n');
    await vi.waitFor(() => expect(run.stderr.text).toMatch(/^\r(\n)?vireo: window 2 asks .*\r\n$/));
    run.stdin.write(escapeKey);
    expect(await run.exitCode).toBe(0);
  });
});

describe('the list of consoles', () => {
  const session = { sessionId: 's1', label: 'window 1', mode: 'write' as const, sinceMs: Date.UTC(2026, 0, 2), asksSinceMs: null };
  const consoles = [
    { alias: 'serial0', kind: 'serial' as const, label: 'ttyS0', state: 'open' as const, error: null, writer: { sessionId: 's1', label: 'window 1', sinceMs: Date.UTC(2026, 0, 2) }, watchers: 2, sessions: [session], readOnly: null, backend: 'private socket', position: 10 },
    { alias: 'console0', kind: 'console' as const, label: 'hvc0', state: 'open' as const, error: null, writer: null, watchers: 0, sessions: [], readOnly: 'its input goes elsewhere', backend: 'tcp 127.0.0.1:4555', position: 0 },
  ];

  test('says by which name each is opened, who writes, and how many watch', async () => {
    host.add({ uuid: '00000000-0000-4000-8000-000000000003', name: 'many', id: 3, state: 'running', consoles });
    expect((await runCommand(host, ['consoles', 'many'])).stdout).toBe(
      [
        ' Alias      Name    Kind      State   Input                                      Watchers   Backend',
        '----------------------------------------------------------------------------------------------------------------',
        ' serial0    ttyS0   serial    open    window 1, since 2026-01-02T00:00:00.000Z   2          private socket',
        ' console0   hvc0    console   open    read only: its input goes elsewhere        0          tcp 127.0.0.1:4555',
        '',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await runCommand(host, ['--json', 'consoles', 'many'])).stdout)).toEqual(consoles);
  });

  test('of a domain that does not run is refused', async () => {
    host.add({ uuid: '00000000-0000-4000-8000-000000000004', name: 'off' });
    expect(await runCommand(host, ['consoles', 'off'])).toMatchObject({ exitCode: 1, stderr: 'error: Domain is not running\n' });
  });
});
