/**
 * `vireo host --stdio`: what ssh runs on another computer. It understands nothing of what it carries: the bytes of its
 * standard input go to the socket of the state folder's host, and the host's come back on its standard output.
 */
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../core/base/clock.ts';
import { VireoError } from '../core/base/errors.ts';
import type { StateLayout } from '../core/status/state-folder.ts';
import { openSocket } from '../core/transport/open-socket.ts';
import { type HostProgram, reachOrStartHost } from './start-host.ts';

export interface BridgeOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Resolves with the exit code when either side has ended. @throws why no host can be reached. */
export async function bridgeStdio(layout: StateLayout, label: string, program: HostProgram, { input, output, clock, signal }: BridgeOptions): Promise<number> {
  const reached = await reachOrStartHost(layout, label, program, { clock, signal });
  const socket = await openSocket(layout.socket, signal, (cause) => new VireoError('SYSTEM_ERROR', `failed to connect to the host at ${layout.socket}: ${cause.message}`, { cause, details: { path: layout.socket } })).finally(() => reached.close());
  await new Promise<void>((resolve) => {
    const end = (): void => void socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    socket.once('error', end);
    socket.once('close', () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
    input.once('error', end);
    output.once('error', end); // nobody reads any more
    input.pipe(socket);
    socket.pipe(output, { end: false });
  });
  input.unpipe(socket);
  return 0;
}
