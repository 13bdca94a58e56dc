/** Runs one command line in this process on a fake host, and keeps what it wrote. */
import { PassThrough } from 'node:stream';
import type { Client } from '../../core/api/client.ts';
import type { Clock } from '../../core/base/clock.ts';
import { systemClock } from '../../core/base/clock.ts';
import { type HostDoor, runCommandLine } from '../../cli/run-command-line.ts';
import type { FakeHost } from './fake-host.ts';

export interface CommandRun {
  readonly stdin: PassThrough & { isTTY?: boolean; isRaw?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Collected;
  readonly stderr: Collected;
  readonly exitCode: Promise<number>;
  interrupt(signal: string): void;
}

export class Collected {
  text = '';
  isTTY = false;
  /** Set to fail what is written: whoever read it is gone. */
  failure: Error | null = null;
  /** While set, callbacks wait: a terminal that is slow to show. */
  held: (() => void)[] | null = null;

  write(chunk: string | Uint8Array, callback?: (error?: Error | null) => void): boolean {
    if (this.failure) {
      queueMicrotask(() => callback?.(this.failure));
      return true;
    }
    this.text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
    if (this.held) this.held.push(() => callback?.());
    else if (callback) queueMicrotask(() => callback());
    return true;
  }
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly clock?: Clock;
  readonly hosts?: Partial<HostDoor>;
  readonly terminal?: (raw: boolean) => void;
}

export function beginCommand(host: FakeHost, argv: readonly string[], options: CommandOptions = {}): CommandRun {
  const stdin: CommandRun['stdin'] = new PassThrough();
  if (options.terminal) {
    stdin.isTTY = true;
    stdin.isRaw = false;
    stdin.setRawMode = (raw) => options.terminal?.(raw);
  }
  const stdout = new Collected();
  const stderr = new Collected();
  stdout.isTTY = stderr.isTTY = options.terminal !== undefined;
  const interrupted = new AbortController();
  const connected = (_folder: string, label: string): Promise<Client> => Promise.resolve(host.connect(label));
  const exitCode = runCommandLine({
    argv,
    env: { HOME: '/home/u', ...options.env },
    folder: options.folder ?? '/',
    platform: 'linux',
    pid: 4711,
    stdin,
    stdout,
    stderr,
    clock: options.clock ?? systemClock,
    version: '0.1.0',
    hosts: { connect: connected, connectIfThere: connected, connectTo: connected, bridge: () => Promise.resolve(0), serve: () => Promise.resolve(0), ...options.hosts },
    interrupted: interrupted.signal,
  });
  return { stdin, stdout, stderr, exitCode, interrupt: (signal) => interrupted.abort(signal) };
}

export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommand(host: FakeHost, argv: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
  const run = beginCommand(host, argv, options);
  return { exitCode: await run.exitCode, stdout: run.stdout.text, stderr: run.stderr.text };
}
