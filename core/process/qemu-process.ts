/**
 * A QEMU process as the driver holds it: spawned by this driver, or found again by pid and start time. It runs in its
 * own session, so that closing or killing Vireo ends no guest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.ts';
import { VireoError, isSystemError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import { isSameProcess, processStartTime } from '../base/process-identity.ts';
import type { RunningProcess } from '../domain/live-domain.ts';
import type { Identity } from '../label/identity.ts';
import { findProgram } from './host-needs.ts';

export interface SpawnedQemu extends RunningProcess {
  /** Exit code or signal, once `exited` has resolved. */
  ending(): string;
}

export interface SpawnOptions {
  readonly binary: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** An open file that takes QEMU's stdout and stderr. */
  readonly logFd: number;
  /** Open files that the process finds as its descriptors 3, 4, ... */
  readonly inherited?: readonly number[];
  /** Whom it runs as from its first instruction on; whom this process is, where it is null. */
  readonly identity?: Identity | null;
}

/** @throws SYSTEM_ERROR when the binary cannot be run. */
export async function spawnQemu(options: SpawnOptions): Promise<SpawnedQemu> {
  const { program, argv, ids } = await asIdentity(options);
  const child = spawn(program, [...argv], {
    ...ids,
    detached: true,
    stdio: ['ignore', options.logFd, options.logFd, ...(options.inherited ?? [])],
    env: { ...options.environment },
    cwd: '/',
  });
  const ending = watchEnding(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new VireoError('SYSTEM_ERROR', `cannot run ${options.binary}: ${error.message}`, { cause: error })));
  });
  const pid = child.pid as number;
  const startTime = (await processStartTime(pid)) ?? 'gone';
  child.unref();
  return {
    pid,
    startTime,
    exited: ending.exited,
    ending: ending.text,
    async kill(signal) {
      if (child.exitCode === null && child.signalCode === null) sendSignals(signal, (each) => child.kill(each));
    },
  };
}

interface Invocation {
  readonly program: string;
  readonly argv: readonly string[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

/** Node gives a user and a group, and takes every other group away; those of a user are given by setpriv, which becomes the program. */
async function asIdentity({ binary, argv, identity }: SpawnOptions): Promise<Invocation> {
  if (!identity) return { program: binary, argv, ids: {} };
  const { uid, gid, groups } = identity;
  const setpriv = groups.length === 0 ? null : await findProgram(['setpriv']);
  if (setpriv === null) return { program: binary, argv, ids: { uid, gid } };
  return { program: setpriv, argv: ['--reuid', String(uid), '--regid', String(gid), '--groups', groups.join(','), '--inh-caps=-all', '--', binary, ...argv], ids: {} };
}

function watchEnding(child: ChildProcess): { exited: Promise<void>; text: () => string } {
  let text = 'still running';
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      text = signal ? `signal ${signal}` : `exit code ${code}`;
      resolve();
    });
    child.once('error', () => resolve());
  });
  return { exited, text: () => text };
}

/** How often a process that is not our child is looked at while somebody waits for its end. */
const pollMs = 20;
const idlePollMs = 500;

/** A process of an earlier driver; null when it is gone. `stop` ends the watching, not the process. */
export async function adoptProcess(pid: number, startTime: string, clock: Clock, stop: AbortSignal): Promise<RunningProcess | null> {
  if (!(await isSameProcess(pid, startTime))) return null;
  let interval = idlePollMs;
  let pause = new AbortController();
  // One listener for all pauses: a signal made of two for each of them would be kept by the long-lived one. There is one
  // for each guest, and Node would call eleven a leak.
  const onStop = (): void => pause.abort();
  setMaxListeners(0, stop);
  stop.addEventListener('abort', onStop, { once: true });
  const exited = (async () => {
    while (!stop.aborted && (await isSameProcess(pid, startTime))) {
      pause = new AbortController();
      await clock.sleep(interval, pause.signal);
    }
    stop.removeEventListener('abort', onStop);
    if (stop.aborted) await new Promise(() => {}); // nobody learns of the end of what is no longer watched
  })();
  return {
    pid,
    startTime,
    exited,
    async kill(signal) {
      if (!(await isSameProcess(pid, startTime))) return;
      interval = pollMs;
      sendSignals(signal, (each) => process.kill(pid, each));
      pause.abort();
    },
  };
}

/** A process that somebody stopped heeds no SIGTERM until it continues. */
function sendSignals(signal: 'SIGTERM' | 'SIGKILL', send: (signal: NodeJS.Signals) => unknown): void {
  try {
    send(signal);
    if (signal === 'SIGTERM') send('SIGCONT');
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ESRCH') throw error;
  }
}

/** libvirt waits ten seconds; a QEMU that hangs is not worth more of a person's patience. */
const graceMs = 5_000;

/** SIGTERM, then SIGKILL when QEMU does not end by itself; with `graceful` only SIGTERM, and an error when it is not enough. */
export async function endProcess(process: RunningProcess, clock: Clock, graceful: boolean): Promise<void> {
  await process.kill('SIGTERM');
  if (await settlesWithin(process.exited, clock, graceMs)) return;
  if (graceful) throw new VireoError('SYSTEM_ERROR', `QEMU (pid ${process.pid}) did not end within ${graceMs / 1000} s of SIGTERM`);
  await process.kill('SIGKILL');
  if (await settlesWithin(process.exited, clock, graceMs)) return;
  throw new VireoError('SYSTEM_ERROR', `QEMU (pid ${process.pid}) did not end after SIGKILL: it waits in the kernel, often for storage`);
}
