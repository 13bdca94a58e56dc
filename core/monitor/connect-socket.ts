/** Opens the monitor's socket, also before QEMU has made it, and says in the monitor's words why it cannot be opened. */
import type net from 'node:net';
import type { Clock } from '../base/clock.ts';
import { isSystemError, VireoError } from '../base/errors.ts';
import { assertSocketPath, openSocket, whenSocketIsThere } from '../transport/open-socket.ts';

export interface SocketOptions {
  readonly clock: Clock;
  /** Bounds the whole; its reason is what the call rejects with. */
  readonly signal: AbortSignal;
  /** Whether a socket that is not there yet, or not listening yet, is waited for. */
  readonly waitForSocket: boolean;
}

export async function connectSocket(socketPath: string, options: SocketOptions): Promise<net.Socket> {
  assertSocketPath(socketPath);
  const attempt = (): Promise<net.Socket> => openSocket(socketPath, options.signal, (cause) => failure(socketPath, cause));
  return options.waitForSocket ? whenSocketIsThere(socketPath, attempt, isNotThereYet, options) : attempt();
}

function failure(socketPath: string, cause: Error): VireoError {
  const details = isSystemError(cause) ? { errno: cause.code, path: socketPath } : { path: socketPath };
  return new VireoError('SYSTEM_ERROR', `failed to connect to the monitor socket ${socketPath}`, { cause, details });
}

function isNotThereYet(error: unknown): boolean {
  return error instanceof VireoError && (error.details['errno'] === 'ENOENT' || error.details['errno'] === 'ECONNREFUSED');
}
