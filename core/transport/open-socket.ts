/**
 * Connecting to a Unix socket, also before its owner has made it: the folder is watched, and since nothing tells when
 * somebody begins to listen on a socket that is there, a refused attempt is repeated after a growing pause.
 */
import { watch } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { type VireoError, invariant } from '../base/errors.ts';

const shortestPauseMs = 10;
const longestPauseMs = 250;

/** Node 20 cuts longer ones without a word (sun_path has 108 bytes on Linux and 104 on macOS) and would find another file. */
export const maximumSocketPathBytes = 100;

/** A Windows pipe's name has no such limit. */
export function assertSocketPath(socketPath: string): void {
  const fits = socketPath.startsWith('\\\\.\\pipe\\') || Buffer.byteLength(socketPath) <= maximumSocketPathBytes;
  invariant(fits, `a socket's path has at most ${maximumSocketPathBytes} bytes: ${socketPath}`);
}

/** One attempt. @throws the signal's reason, or what `failure` makes of the system's error. */
export function openSocket(socketPath: string, signal: AbortSignal, failure: (cause: NodeJS.ErrnoException) => VireoError): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = net.connect(socketPath);
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
    // It stays on: an error between here and the caller's own listener must not be an uncaught one.
    socket.once('error', (cause) => {
      signal.removeEventListener('abort', onAbort);
      reject(failure(cause));
    });
  });
}

/** Repeats `attempt` while `isNotThereYet` says so of its error, until the signal aborts with what the call rejects with. */
export async function whenSocketIsThere<T>(socketPath: string, attempt: () => Promise<T>, isNotThereYet: (error: unknown) => boolean, options: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<T> {
  const { clock, signal } = options;
  using folder = watchFolder(path.dirname(socketPath));
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const changed = folder.nextChange();
    try {
      return await attempt();
    } catch (error) {
      if (!isNotThereYet(error)) throw error;
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
