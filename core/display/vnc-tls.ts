/**
 * VeNCrypt 0.2, the TLS that QEMU's VNC server speaks where it was given certificates. It is trusted by their authority
 * alone: it runs on this computer, and the name in its certificate is the one that the network knows.
 */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
import { type TLSSocket, connect } from 'node:tls';
import { VireoError } from '../base/errors.ts';
import type { HandshakeReader } from './handshake-reader.ts';

const x509None = 260;
const x509Password = 261;

export interface EncryptedConnection {
  readonly connection: TLSSocket;
  readonly asksForPassword: boolean;
}

/** @throws OPERATION_UNSUPPORTED for another version or way, OPERATION_FAILED where either side does not trust the other, SYSTEM_ERROR for an authority that cannot be read. */
export async function encrypted(socket: Socket, reader: HandshakeReader, certificates: string): Promise<EncryptedConnection> {
  const offered = await reader.take(2);
  if (offered.readUInt16BE() < 2) throw new VireoError('OPERATION_UNSUPPORTED', `the display speaks VeNCrypt ${offered[0]}.${offered[1]}; it takes 0.2`);
  socket.write(Buffer.of(0, 2));
  if ((await reader.take(1)).readUInt8() !== 0) throw new VireoError('OPERATION_UNSUPPORTED', 'the display does not speak VeNCrypt 0.2');
  const count = (await reader.take(1)).readUInt8();
  const list = await reader.take(4 * count);
  const ways = Array.from({ length: count }, (_, index) => list.readUInt32BE(4 * index));
  const way = ways.find((each) => each === x509None || each === x509Password);
  if (way === undefined) throw new VireoError('OPERATION_UNSUPPORTED', `the display wants TLS in a way that is not known here (${ways.join(', ')})`, { details: { ways } });
  const choice = Buffer.alloc(4);
  choice.writeUInt32BE(way);
  socket.write(choice);
  if ((await reader.take(1)).readUInt8() !== 1) throw new VireoError('OPERATION_FAILED', 'the display refused the way to TLS that it offered');
  return { connection: await secured(socket, certificates), asksForPassword: way === x509Password };
}

async function secured(socket: Socket, certificates: string): Promise<TLSSocket> {
  const file = (name: string): Promise<Buffer> => readFile(path.join(certificates, name));
  const ca = await file('ca-cert.pem').catch((error: Error) => {
    throw new VireoError('SYSTEM_ERROR', `the authority of the display's certificate cannot be read: ${error.message}`, { cause: error });
  });
  // For a display that lets in nobody without a certificate; where there is none it says no by itself.
  const [cert, key] = await Promise.all(['client-cert.pem', 'client-key.pem'].map((name) => file(name).catch(() => null)));
  return new Promise((resolve, reject) => {
    const connection = connect({ socket, ca, ...(cert && key ? { cert, key } : {}), checkServerIdentity: () => undefined });
    const onFailed = (error?: Error): void => reject(new VireoError('OPERATION_FAILED', `TLS with the display failed: ${error?.message ?? 'it hung up'}`, { cause: error }));
    connection.once('error', onFailed);
    connection.once('close', () => onFailed());
    connection.once('secureConnect', () => {
      connection.off('error', onFailed);
      connection.on('error', () => {}); // its close tells
      resolve(connection);
    });
  });
}
