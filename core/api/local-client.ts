/**
 * The client's end of the local door. A connection counts once the host has said welcome: a socket can be connected to
 * whose host is just ending, or hangs, and neither must be found out only by the first call.
 */
import { watch } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { VireoError, invariant } from '../base/errors.ts';
import { maximumSocketPathBytes } from '../status/state-folder.ts';
import { type Client, connect } from './client.ts';
import { localChannel } from './local-channel.ts';

const shortestPauseMs = 10;
const longestPauseMs = 250;

export interface LocalClientOptions {
  /** Bounds the whole; with nothing to wait for, a connection is made or refused at once. */
  readonly deadlineMs: number;
  /** Waits for a host that is about to listen, instead of taking its absence for an answer. */
  readonly waitForHost?: boolean;
  /** Gives up early; the call rejects with its reason. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** @throws SYSTEM_ERROR where no host listens (see isNobodyThere), RPC for one of another protocol, OPERATION_TIMEOUT. */
export async function connectLocal(socketPath: string, label: string, options: LocalClientOptions): Promise<Client> {
  invariant(socketPath.startsWith('\\\\.\\pipe\\') || Buffer.byteLength(socketPath) <= maximumSocketPathBytes, `a socket's path has at most ${maximumSocketPathBytes} bytes: ${socketPath}`);
  const clock = options.clock ?? systemClock;
  const stop = new AbortController();
  const giveUp = (): void => stop.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', giveUp, { once: true });
  if (options.signal?.aborted) giveUp();
  const late = new AbortController();
  void clock.sleep(options.deadlineMs, late.signal).then(() => {
    if (!late.signal.aborted) stop.abort(new VireoError('OPERATION_TIMEOUT', `no host answered at ${socketPath} within ${options.deadlineMs} ms`));
  });
  try {
    const attempt = async (): Promise<Client> => await greet(await open(socketPath, stop.signal), socketPath, label, stop.signal);
    return options.waitForHost ? await whenThere(attempt, socketPath, clock, stop.signal) : await attempt();
  } finally {
    late.abort();
    options.signal?.removeEventListener('abort', giveUp);
  }
}

/** True for the failures that mean: nobody listens there, now. */
export function isNobodyThere(error: unknown): boolean {
  const nobody: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET'];
  return error instanceof VireoError && error.code === 'SYSTEM_ERROR' && nobody.includes(error.details['errno']);
}

/**
 * The folder tells when the socket appears, but nothing tells when somebody begins to listen on it, so that a refused
 * attempt is repeated after a growing pause.
 */
async function whenThere(attempt: () => Promise<Client>, socketPath: string, clock: Clock, signal: AbortSignal): Promise<Client> {
  using folder = watchFolder(path.dirname(socketPath));
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const changed = folder.nextChange();
    try {
      return await attempt();
    } catch (error) {
      if (!isNobodyThere(error)) throw error;
    }
    const paused = new AbortController();
    const wake = (): void => paused.abort();
    signal.addEventListener('abort', wake, { once: true });
    await Promise.race([changed, clock.sleep(pauseMs, paused.signal)]);
    signal.removeEventListener('abort', wake);
    paused.abort(); // the pause that lost must not keep the process
    signal.throwIfAborted();
  }
}

/** The client on a connected socket, once the host has answered. */
function greet(socket: net.Socket, socketPath: string, label: string, signal: AbortSignal): Promise<Client> {
  return new Promise((resolve, reject) => {
    const channel = localChannel(socket);
    let answered = false;
    // Before the client's own listener, which may end the connection because of what the answer says.
    channel.onMessage(() => (answered = true));
    const client = connect(channel, label);
    const over = new AbortController();
    const fail = (reason: unknown): void => {
      over.abort();
      client.close();
      reject(reason);
    };
    const first = channel.onMessage(() => {
      first[Symbol.dispose]();
      over.abort();
      resolve(client);
    });
    const onClosed = (): void => {
      const gone = new VireoError('SYSTEM_ERROR', `the host at ${socketPath} closed the connection at once`, { details: { errno: 'ECONNRESET', path: socketPath } });
      fail(answered ? client.closed.reason : gone);
    };
    client.closed.addEventListener('abort', onClosed, { once: true, signal: over.signal });
    signal.addEventListener('abort', () => fail(signal.reason), { once: true, signal: over.signal });
    if (signal.aborted) fail(signal.reason);
  });
}

function open(socketPath: string, signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = net.connect(socketPath);
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const onError = (cause: NodeJS.ErrnoException): void => {
      signal.removeEventListener('abort', onAbort);
      reject(new VireoError('SYSTEM_ERROR', `failed to connect to the host at ${socketPath}: ${cause.message}`, { cause, details: { errno: cause.code, path: socketPath } }));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

interface WatchedFolder extends Disposable {
  /** Resolves at the next change in the folder; one that cannot be watched never changes, and the pauses must do. */
  nextChange(): Promise<void>;
}

function watchFolder(folder: string): WatchedFolder {
  let wake = (): void => {};
  let watcher: { close(): void } | null = null;
  try {
    const watching = watch(folder, { persistent: false }, () => wake());
    watching.on('error', () => {});
    watcher = watching;
  } catch {
    // The folder is not there yet, or cannot be watched: the pauses alone find the socket.
  }
  return {
    nextChange: () => new Promise((resolve) => (wake = resolve)),
    [Symbol.dispose]: () => watcher?.close(),
  };
}
