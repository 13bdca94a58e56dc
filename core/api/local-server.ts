/**
 * The door for other processes of the same user: a socket in the state folder. Who may open it is settled by the rights
 * of the folder (0700) and of the socket (0600), since Node cannot ask the kernel who is at the other end.
 */
import { chmod, rm } from 'node:fs/promises';
import net from 'node:net';
import { VireoError } from '../base/errors.ts';
import { type Log, silentLog } from '../base/log.ts';
import { assertSocketPath } from '../transport/open-socket.ts';
import type { Channel } from './channel.ts';
import { localChannel } from './local-channel.ts';

/** More clients at once than any use has; a process that opens sockets in a loop stops here. */
const maximumClients = 512;

/** One connected process; `number` counts connections since the host began. */
export interface LocalPeer {
  readonly number: number;
}

export interface LocalServer {
  readonly clients: number;
  /** Ends all connections and removes the socket. Call it before the ownership of the state folder is given up. */
  close(): Promise<void>;
}

export interface LocalServerOptions {
  readonly log?: Log;
}

/**
 * Listens at `socketPath`, in a folder only the user can enter. Only the owner of the state folder may call this: a file
 * that a dead owner left there is removed unseen.
 */
export async function listenLocal(socketPath: string, onConnection: (channel: Channel, peer: LocalPeer) => void, options: LocalServerOptions = {}): Promise<LocalServer> {
  const log = options.log ?? silentLog;
  const isPipe = socketPath.startsWith('\\\\.\\pipe\\');
  assertSocketPath(socketPath);
  if (!isPipe) await rm(socketPath, { force: true });
  const channels = new Set<Channel>();
  let lastNumber = 0;
  const server = net.createServer((socket) => {
    const number = ++lastNumber;
    const channel = localChannel(socket, {
      onProblem: (problem) => log.write('warning', 'a client on the local socket was dropped', { client: number, problem: problem.message }),
    });
    channels.add(channel);
    channel.onClose(() => void channels.delete(channel));
    onConnection(channel, { number });
  });
  server.maxConnections = maximumClients;
  await listen(server, socketPath);
  if (!isPipe) await chmod(socketPath, 0o600);
  server.on('error', (error) => log.write('error', 'the local socket failed', { problem: error.message }));
  return {
    get clients() {
      return channels.size;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const channel of [...channels]) channel.close();
      }),
  };
}

function listen(server: net.Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void =>
      reject(new VireoError('SYSTEM_ERROR', `failed to listen at ${socketPath}: ${cause.message}`, { cause, details: { errno: cause.code, path: socketPath } }));
    server.once('error', onError);
    server.listen(socketPath, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
