/**
 * Reaches the host of a state folder and starts one where none is. A started host is a process of its own session, with
 * its words in the state folder's log, so that it outlives the command, its terminal and the user's login.
 */
import { type ChildProcess, spawn } from 'node:child_process';
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

/** How often an owner that does not listen is looked at again. */
const ownerCheckMs = 500;

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
  const deadline = options.clock.now() + startTimeoutMs;
  for (;;) {
    const there = await reachHost(layout, label, options);
    if (there) return there;
    try {
      const owner = await readOwner(layout);
      if (!owner) return await startAndConnect(layout, label, program, options);
      if (options.clock.now() >= deadline) throw ownedElsewhere(layout, owner);
      const client = await awaitOwner(layout, label, options);
      if (client) return client;
    } catch (error) {
      throw noConnection(error);
    }
  }
}

/**
 * An owner that does not listen is about to, or about to end: the app while it starts, a host that has become idle.
 * Null when it is time to look again which of them it is.
 */
async function awaitOwner(layout: StateLayout, label: string, options: ReachOptions): Promise<Client | null> {
  try {
    return await connectLocal(layout.socket, label, { deadlineMs: ownerCheckMs, waitForHost: true, ...options });
  } catch (error) {
    if (error instanceof VireoError && error.code === 'OPERATION_TIMEOUT') return null;
    throw error;
  }
}

async function startAndConnect(layout: StateLayout, label: string, program: HostProgram, options: ReachOptions): Promise<Client> {
  await prepareStateFolder(layout);
  const logFile = path.join(layout.logs, 'host.log');
  const { ended, logStart } = await startHost(layout, program, logFile);
  const settled = new AbortController();
  const stop = new AbortController();
  const giveUp = (): void => stop.abort(options.signal.reason);
  options.signal.addEventListener('abort', giveUp, { once: true, signal: settled.signal });
  if (options.signal.aborted) giveUp();
  void ended.then(async (how) => {
    if (settled.signal.aborted || (await readOwner(layout))) return; // another host was quicker: its socket is waited for
    stop.abort(new VireoError('SYSTEM_ERROR', `the host ended at once (${how})${await lastWords(logFile, logStart)}`, { details: { path: logFile } }));
  });
  try {
    return await connectLocal(layout.socket, label, { deadlineMs: startTimeoutMs, waitForHost: true, clock: options.clock, signal: stop.signal });
  } finally {
    settled.abort();
  }
}

interface StartedHost {
  /** Resolves with how the process ended, in words. */
  readonly ended: Promise<string>;
  /** Where its words begin in the log, in bytes. */
  readonly logStart: number;
}

async function startHost(layout: StateLayout, program: HostProgram, logFile: string): Promise<StartedHost> {
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
    child.unref();
    return { ended: endOf(child), logStart };
  } finally {
    await log.close();
  }
}

/** Listens from the moment of the spawn on: a program that is not there is told of in the next turn already. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
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
