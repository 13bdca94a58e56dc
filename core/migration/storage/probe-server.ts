/**
 * Looks whether an NBD server answers, before QEMU is told to connect to it: QEMU does nothing else while it opens a client,
 * and a server that is silent would hold up the guest with it.
 */
import net from 'node:net';
import { VireoError } from '../../base/errors.ts';
import type { NbdAddress } from './nbd-address.ts';

/** What every server of the newer protocol begins with. */
const greeting = 'NBDMAGICIHAVEOPT';
const answersWithinMs = 10_000;

/** @throws OPERATION_FAILED naming the address, and the signal's reason. */
export async function probeServer(address: NbdAddress, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const socket = net.connect(address.type === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
  const onAbort = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', onAbort, { once: true });
  socket.setTimeout(answersWithinMs, () => socket.destroy(new Error(`no answer within ${answersWithinMs / 1000} s`)));
  try {
    await greeted(socket);
  } catch (error) {
    signal.throwIfAborted();
    const where = address.type === 'unix' ? `'${address.path}'` : `${address.host}:${address.port}`;
    throw new VireoError('OPERATION_FAILED', `the destination's disks cannot be reached at ${where}: ${(error as Error).message}`, { details: { address }, cause: error });
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

function greeted(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.length < greeting.length) return;
      if (said.startsWith(greeting)) resolve();
      else reject(new Error('what listens there is no NBD server'));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closed the connection')));
  });
}
