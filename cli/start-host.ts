/**
 * Reaches the host of a state folder and starts one where none is. A started host is a process of its own session, with
 * its words in the state folder's log, so that it outlives the command, its terminal and the user's login.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../core/api/client.ts';
import { connectLocal, isNobodyThere } from '../core/api/local-client.ts';
import type { Clock } from '../core/base/clock.ts';
import { VireoError, asVireoError } from '../core/base/errors.ts';
import { ownedElsewhere, readOwner } from '../core/status/owner-file.ts';
import { type StateLayout, prepareStateFolder } from '../core/status/state-folder.ts';
import { CommandFailure } from './command-error.ts';

/** A host that lives but does not answer within this time is told of instead of being waited for. */
const connectTimeoutMs = 5_000;

/** Finding running guests again may take a new host a while before it listens. */
const startTimeoutMs = 30_000;

/** A log that has grown beyond this is set aside when the next host starts; one older log is kept. */
const maximumLogBytes = 4 << 20;

export interface HostProgram {
  /** What runs it: Node's binary. */
  readonly node: string;
  /** The bundled `vireo` command. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface ReachOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The host that serves the folder now, or null. @throws for one that lives and cannot be reached. */
export async function reachHost(layout: StateLayout, label: string, options: ReachOptions): Promise<Client | null> {
  try {
    return await connectLocal(layout.socket, label, { deadlineMs: connectTimeoutMs, ...options });
  } catch (error) {
    if (isNobodyThere(error)) return null;
    throw noConnection(error);
  }
}

/** The host that serves the folder, started where none does. @throws with the last words of one that could not start. */
export async function reachOrStartHost(layout: StateLayout, label: string, program: HostProgram, options: ReachOptions): Promise<Client> {
  const there = await reachHost(layout, label, options);
  if (there) return there;
  try {
    // An owner that does not listen yet is about to: the app while it starts, or another command's host.
    const owner = await readOwner(layout);
    return owner ? await waitForOwner(layout, label, options) : await startAndConnect(layout, label, program, options);
  } catch (error) {
    throw noConnection(error);
  }
}

async function waitForOwner(layout: StateLayout, label: string, options: ReachOptions): Promise<Client> {
  try {
    return await connectLocal(layout.socket, label, { deadlineMs: startTimeoutMs, waitForHost: true, ...options });
  } catch (error) {
    const owner = await readOwner(layout);
    throw owner && !options.signal.aborted ? ownedElsewhere(layout, owner) : error;
  }
}

async function startAndConnect(layout: StateLayout, label: string, program: HostProgram, options: ReachOptions): Promise<Client> {
  await prepareStateFolder(layout);
  const logFile = path.join(layout.logs, 'host.log');
  const { child, logStart } = await startHost(layout, program, logFile);
  const settled = new AbortController();
  const stop = new AbortController();
  const giveUp = (): void => stop.abort(options.signal.reason);
  options.signal.addEventListener('abort', giveUp, { once: true, signal: settled.signal });
  if (options.signal.aborted) giveUp();
  void whenEnded(child, settled.signal).then(async (how) => {
    if (how === null || (await readOwner(layout))) return; // another host was quicker: its socket is waited for
    stop.abort(new VireoError('SYSTEM_ERROR', `the host ended at once (${how})${await lastWords(logFile, logStart)}`, { details: { path: logFile } }));
  });
  try {
    return await connectLocal(layout.socket, label, { deadlineMs: startTimeoutMs, waitForHost: true, clock: options.clock, signal: stop.signal });
  } finally {
    settled.abort();
    child.unref();
  }
}

async function startHost(layout: StateLayout, program: HostProgram, logFile: string): Promise<{ child: ChildProcess; logStart: number }> {
  if (((await stat(logFile).catch(() => null))?.size ?? 0) > maximumLogBytes) await rename(logFile, `${logFile}.old`);
  const log = await open(logFile, 'a', 0o600);
  try {
    const logStart = (await log.stat()).size;
    const child = spawn(program.node, [program.script, 'host', '--home', layout.root], {
      cwd: layout.root, // it must not hold a folder that the user wants to remove
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: program.env,
      windowsHide: true,
    });
    return { child, logStart };
  } finally {
    await log.close();
  }
}

/** How the process ended; null when that does not matter any more. */
async function whenEnded(child: ChildProcess, settled: AbortSignal): Promise<string | null> {
  try {
    const [code, signal] = (await once(child, 'exit', { signal: settled })) as [number | null, string | null];
    return signal ?? `exit code ${code}`;
  } catch (error) {
    return settled.aborted ? null : asVireoError(error).message; // it could not be spawned
  }
}

async function lastWords(logFile: string, start: number): Promise<string> {
  const handle = await open(logFile, 'r').catch(() => null);
  if (!handle) return '';
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, start);
    const text = buffer.toString('utf8', 0, bytesRead).trim();
    return text === '' ? '' : `: ${text}`;
  } finally {
    await handle.close();
  }
}

/** virsh's sentence for a host that cannot be reached, with the reason; an interrupted wait is only that. */
function noConnection(thrown: unknown): Error {
  const error = asVireoError(thrown);
  return error.code === 'OPERATION_ABORTED' ? error : new CommandFailure('failed to connect to the hypervisor', error);
}
