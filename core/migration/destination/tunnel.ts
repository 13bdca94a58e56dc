/** The destination's end of a tunnelled migration: what comes through the connection between the hosts becomes QEMU's input. */
import net from 'node:net';
import { VireoError } from '../../base/errors.ts';
import { abortable } from '../../base/lifetime.ts';
import type { MigrationTunnel } from '../migration-target.ts';

/** QEMU listens already. */
const connectMs = 10_000;

/** @throws OPERATION_FAILED where QEMU cannot be reached at its socket. */
export async function openTunnel(path: string): Promise<MigrationTunnel> {
  const socket = net.connect({ path });
  const closed = new AbortController();
  socket.once('close', () => closed.abort(new VireoError('OPERATION_FAILED', 'QEMU takes no more of the tunnelled migration')));
  const failed = (error: Error): VireoError => new VireoError('OPERATION_FAILED', `the tunnel does not reach QEMU: ${error.message}`, { cause: error });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), connectMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(failed(error));
    });
  });
  socket.on('error', () => {}); // told by `closed`
  socket.resume(); // its end is only seen where it is read
  return {
    closed: closed.signal,
    async write(bytes) {
      if (bytes.length === 0) return;
      closed.signal.throwIfAborted();
      if (socket.write(bytes)) return;
      await abortable(new Promise<void>((resolve) => void socket.once('drain', resolve)), closed.signal);
    },
    async end() {
      if (socket.writableFinished) return;
      closed.signal.throwIfAborted();
      await abortable(new Promise<void>((resolve) => void socket.end(resolve)), closed.signal).catch((error: unknown) => {
        if (!socket.writableFinished) throw error;
      });
    },
    abort: () => void socket.destroy(),
  };
}
