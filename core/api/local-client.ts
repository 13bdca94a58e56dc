/** The client's end of the local door: a connected socket with the contract's client on it. */
import { watch } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { VireoError, invariant } from '../base/errors.ts';
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

/** @throws SYSTEM_ERROR with `details.errno` ENOENT or ECONNREFUSED where no host listens, OPERATION_TIMEOUT. */
export async function connectLocal(socketPath: string, label: string, options: LocalClientOptions): Promise<Client> {
  invariant(socketPath.startsWith('\\\\.\\pipe\\') || Buffer.byteLength(socketPath) <= 100, `a socket's path has at most 100 bytes: ${socketPath}`);
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
    const socket = options.waitForHost ? await openWhenThere(socketPath, clock, stop.signal) : await open(socketPath, stop.signal);
    return connect(localChannel(socket), label);
  } finally {
    late.abort();
    options.signal?.removeEventListener('abort', giveUp);
  }
}

/** True for the failures that mean: nobody listens there, now. */
export function isNobodyThere(error: unknown): boolean {
  return error instanceof VireoError && (error.details['errno'] === 'ENOENT' || error.details['errno'] === 'ECONNREFUSED');
}

/**
 * The folder tells when the socket appears, but nothing tells when somebody begins to listen on it, so that a refused
 * attempt is repeated after a growing pause.
 */
async function openWhenThere(socketPath: string, clock: Clock, signal: AbortSignal): Promise<net.Socket> {
  using folder = watchFolder(path.dirname(socketPath));
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const changed = folder.nextChange();
    try {
      return await open(socketPath, signal);
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
