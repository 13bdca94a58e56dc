/**
 * A connection to QEMU's VNC server, up to where a viewer would say ClientInit: version, TLS and security are settled
 * here, the password with them. QEMU takes any number of viewers, and each has a connection of its own, so that one who
 * does not read holds up nobody but himself: QEMU sends no more pictures into a full socket.
 */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { VireoError } from '../base/errors.ts';
import type { DisplayDevice, DisplayPlace } from './display-types.ts';
import { HandshakeReader } from './handshake-reader.ts';
import { answerChallenge } from './vnc-authentication.ts';
import { encrypted } from './vnc-tls.ts';

const version = 'RFB 003.008\n';
const securityNone = 1;
const securityPassword = 2;
const securityVeNCrypt = 19;

export const handshake = { version, securityNone } as const;

export type DisplayAccess = Pick<DisplayDevice, 'password' | 'certificates'> & { readonly place: DisplayPlace };

/**
 * @param signal ends the attempt; its reason is thrown.
 * @throws SYSTEM_ERROR for the operating system's refusal; OPERATION_FAILED where QEMU refuses the password or asks for
 *   one that is not known; OPERATION_UNSUPPORTED for another way to prove who one is; RPC for what is no VNC server.
 */
export async function connectVnc(access: DisplayAccess, signal: AbortSignal): Promise<Duplex> {
  const socket = await connectTo(access.place, signal);
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const connection = await authenticate(socket, access);
    signal.throwIfAborted();
    return connection;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function authenticate(socket: Socket, { password, certificates }: DisplayAccess): Promise<Duplex> {
  const reader = new HandshakeReader(socket);
  const offered = (await reader.take(12)).toString('latin1');
  if (!/^RFB 003\.\d{3}\n$/.test(offered)) throw new VireoError('RPC', 'what listens at the display is no VNC server');
  if (offered < version) throw new VireoError('OPERATION_UNSUPPORTED', `the display speaks ${offered.trim()}; it takes ${version.trim()}`);
  socket.write(version);
  const count = (await reader.take(1)).readUInt8();
  if (count === 0) throw refused(await reader.reason());
  const types = [...(await reader.take(count))];
  if (types.includes(securityNone)) {
    socket.write(Buffer.of(securityNone));
    return admitted(socket, reader);
  }
  if (types.includes(securityPassword)) {
    socket.write(Buffer.of(securityPassword));
    await prove(socket, reader, password);
    return admitted(socket, reader);
  }
  if (types.includes(securityVeNCrypt) && certificates !== null) {
    socket.write(Buffer.of(securityVeNCrypt));
    const { connection, asksForPassword } = await encrypted(socket, reader, certificates);
    const inside = new HandshakeReader(connection);
    if (asksForPassword) await prove(connection, inside, password);
    return admitted(connection, inside);
  }
  throw new VireoError('OPERATION_UNSUPPORTED', `the display asks viewers to prove themselves in a way that is not known here (${types.join(', ')})`, { details: { securityTypes: types } });
}

async function prove(connection: Duplex, reader: HandshakeReader, password: string | null): Promise<void> {
  if (password === null) throw new VireoError('OPERATION_FAILED', 'the display asks for a password that this host does not know');
  connection.write(answerChallenge(await reader.take(16), password));
}

async function admitted(connection: Duplex, reader: HandshakeReader): Promise<Duplex> {
  if ((await reader.take(4)).readUInt32BE() !== 0) throw refused(await reader.reason());
  return connection;
}

function refused(reason: string): VireoError {
  return new VireoError('OPERATION_FAILED', `the display let nobody in: ${reason || 'it says no reason'}`, { details: { reason } });
}

function connectTo(place: DisplayPlace, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = place.type === 'unix' ? connect({ path: place.path }) : connect({ host: place.host, port: place.port, noDelay: true });
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    const onFailed = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      const where = place.type === 'unix' ? place.path : `${place.host}:${place.port}`;
      reject(signal.aborted ? (signal.reason as Error) : new VireoError('SYSTEM_ERROR', `cannot connect to the display at ${where}: ${error.message}`, { cause: error }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onFailed);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onFailed);
      socket.on('error', () => {}); // its close tells, and who waits looks
      resolve(socket);
    });
  });
}
