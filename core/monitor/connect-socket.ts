/**
 * Opens the monitor's socket, also before QEMU has made it: the folder is watched, and since nothing tells when a
 * socket that is there begins to listen, a refused attempt is repeated after a growing pause.
 */
import { watch } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { invariant, isSystemError, VireoError } from '../base/errors.ts';

const shortestPauseMs = 10;
const longestPauseMs = 250;

/** Node 20 cuts longer paths without a word and would connect to another file. */
const maximumPathBytes = 100;

export interface SocketOptions {
  readonly clock: Clock;
  /** Bounds the whole; its reason is what the call rejects with. */
  readonly signal: AbortSignal;
  /** Whether a socket that is not there yet, or not listening yet, is waited for. */
  readonly waitForSocket: boolean;
}

export async function connectSocket(socketPath: string, options: SocketOptions): Promise<net.Socket> {
  invariant(Buffer.byteLength(socketPath) <= maximumPathBytes, `a socket's path has at most ${maximumPathBytes} bytes: ${socketPath}`);
  if (!options.waitForSocket) return tryConnect(socketPath, options.signal);
  using folder = watchFolder(path.dirname(socketPath));
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const changed = folder.nextChange();
    try {
      return await tryConnect(socketPath, options.signal);
    } catch (error) {
      if (!isNotThereYet(error)) throw error;
    }
    await Promise.race([changed, options.clock.sleep(pauseMs, options.signal)]);
    options.signal.throwIfAborted();
  }
}

function tryConnect(socketPath: string, signal: AbortSignal): Promise<net.Socket> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
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
    // It stays on: an error between here and the monitor's own listener must not be an uncaught one.
    socket.once('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      const details = isSystemError(error) ? { errno: error.code, path: socketPath } : { path: socketPath };
      reject(new VireoError('SYSTEM_ERROR', `failed to connect to the monitor socket ${socketPath}`, { cause: error, details }));
    });
  });
}

function isNotThereYet(error: unknown): boolean {
  return error instanceof VireoError && (error.details['errno'] === 'ENOENT' || error.details['errno'] === 'ECONNREFUSED');
}

interface WatchedFolder extends Disposable {
  /** Resolves at the next change in the folder; one that cannot be watched never changes, and the pauses must do. */
  nextChange(): Promise<void>;
}

function watchFolder(folder: string): WatchedFolder {
  let wake = (): void => {};
  const watcher = watch(folder, { persistent: false }, () => wake());
  watcher.on('error', () => {});
  return {
    nextChange: () => new Promise((resolve) => (wake = resolve)),
    [Symbol.dispose]: () => watcher.close(),
  };
}
