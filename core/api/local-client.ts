/**
 * The client's end of the local door. A connection counts once the host has said welcome: a socket can be connected to
 * whose host is just ending, or hangs, and neither must be found out only by the first call.
 */
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import { assertSocketPath, openSocket, whenSocketIsThere } from '../transport/open-socket.ts';
import { type Client, connect } from './client.ts';
import { localChannel } from './local-channel.ts';

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
  assertSocketPath(socketPath);
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
    const attempt = async (): Promise<Client> => await greetHost(await open(socketPath, stop.signal), label, stop.signal, () => goneAtOnce(socketPath));
    return options.waitForHost ? await whenSocketIsThere(socketPath, attempt, isNobodyThere, { clock, signal: stop.signal }) : await attempt();
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

function goneAtOnce(socketPath: string): VireoError {
  return new VireoError('SYSTEM_ERROR', `the host at ${socketPath} closed the connection at once`, { details: { errno: 'ECONNRESET', path: socketPath } });
}

/** The client on a connected socket, once the host has answered; `gone` says why the other side ended it before. */
export function greetHost(socket: Duplex, label: string, signal: AbortSignal, gone: () => VireoError | Promise<VireoError>): Promise<Client> {
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
    const onClosed = async (): Promise<void> => fail(answered ? client.closed.reason : await gone());
    client.closed.addEventListener('abort', () => void onClosed(), { once: true, signal: over.signal });
    signal.addEventListener('abort', () => fail(signal.reason), { once: true, signal: over.signal });
    if (signal.aborted) fail(signal.reason);
  });
}

function open(socketPath: string, signal: AbortSignal): Promise<net.Socket> {
  return openSocket(socketPath, signal, (cause) => new VireoError('SYSTEM_ERROR', `failed to connect to the host at ${socketPath}: ${cause.message}`, { cause, details: { errno: cause.code, path: socketPath } }));
}
