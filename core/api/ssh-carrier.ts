/**
 * A connection to the host of another computer through the user's own ssh, with the user's keys, agent and configuration:
 * it runs `vireo host --stdio` there and carries the same frames as the local socket. ssh asks nothing (BatchMode), and its
 * last words are the reason when there is no connection. It looks after the link itself: a dead one ends within half a minute.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { systemClock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import { type HostUri, bareHost } from './host-uri.ts';

/** What ssh may say before it is cut: the reason stands at the end. */
const maximumWordsBytes = 4_096;
/** An ssh whose connection was closed has nothing left to do, and ends by itself. */
const endTimeoutMs = 2_000;

export type SshUri = Extract<HostUri, { kind: 'ssh' }>;

export interface SshCarrier {
  readonly stream: Duplex;
  /** Why it ended, with ssh's own last words, which come a moment after the connection's end. */
  failure(): Promise<VireoError>;
}

/** @param program another ssh, from VIREO_SSH; found as a shell would find it. */
export function openSsh(uri: SshUri, program = 'ssh'): SshCarrier {
  const child = spawn(program, sshArguments(uri), { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  let words = '';
  let ended: string | null = null;
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => (words = (words + text).slice(-maximumWordsBytes)));
  child.stderr.on('error', () => {});
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended ??= signal ?? (code === 0 ? 'the connection was closed' : `exit status ${code}`)));
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin }) as Duplex;
  const told = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  child.once('error', () => stream.destroy());
  stream.once('close', () => endChild(child));
  return {
    stream,
    async failure() {
      await settlesWithin(told, systemClock, endTimeoutMs);
      const said = words.split('\n').map((line) => line.trim()).filter((line) => line !== '').slice(-3).join('; ');
      return new VireoError('SYSTEM_ERROR', `cannot reach the Vireo host at ${bareHost(uri.host)} with ${program}: ${said || (ended ?? 'no answer')}`, { details: { host: uri.host, program, errno: 'ECONNREFUSED' } });
    },
  };
}

/** `--` ends ssh's options; what follows is one word for it and one command line for the shell there. */
export function sshArguments({ user, host, port, home }: SshUri): readonly string[] {
  const place = user === null ? bareHost(host) : `${user}@${bareHost(host)}`;
  const command = home === null ? 'vireo --quiet host --stdio' : `vireo --quiet --home ${shellWord(home)} host --stdio`;
  return ['-T', '-oBatchMode=yes', '-oServerAliveInterval=5', '-oServerAliveCountMax=5', '-oConnectTimeout=20', ...(port === null ? [] : ['-p', String(port)]), '--', place, command];
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function endChild(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.stdin?.destroy();
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  timer.unref();
  child.once('exit', () => clearTimeout(timer));
}
