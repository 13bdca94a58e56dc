/** The one connection to a character device's backend. It reads by itself; whoever holds it must take every byte. */
import { connect, type Socket } from 'node:net';
import { VireoError } from '../base/errors.ts';

export interface DeviceConnection extends AsyncDisposable {
  /** Resolves when the bytes were handed to the kernel. One write at a time; rejects when the connection ends. */
  write(bytes: Uint8Array): Promise<void>;
  /** Leaves what comes in the kernel until `resume`; the device waits, or loses what it cannot keep. */
  pause(): void;
  resume(): void;
}

export interface ConnectionHandlers {
  /** Called synchronously as bytes arrive; the buffer is used again afterwards. */
  readonly onBytes: (bytes: Buffer) => void;
  /** Called once when the other side or an error ended it; not after a dispose. */
  readonly onEnded: (reason: string) => void;
}

/** One read's worth: what the kernel holds of a Unix socket is about as much again. Allocated once, not for each read. */
const readBytes = 65_536;

/** Connects to QEMU's `-chardev socket,server=on`, which takes one client and lets a second hang without a word. */
export async function connectUnix(path: string, handlers: ConnectionHandlers, signal: AbortSignal): Promise<DeviceConnection> {
  return (await connectSocket({ path }, handlers, signal)).connection;
}

/** As `connectUnix`, to a socket of either kind. @throws the system's error, or the signal's reason. */
export function connectSocket(to: { readonly path: string } | { readonly host: string; readonly port: number }, handlers: ConnectionHandlers, signal: AbortSignal): Promise<{ readonly connection: DeviceConnection; readonly socket: Socket }> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (length: number, buffer: Uint8Array): boolean => {
        handlers.onBytes(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    const socket = connect({ ...to, onread });
    const onAbort = (): void => void socket.destroy(signal.reason);
    const onFailed = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      reject(signal.aborted ? signal.reason : error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onFailed);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onFailed);
      resolve({ connection: socketConnection(socket, { ...handlers, onBytes: null }), socket });
    });
  });
}

/** Wraps a connected stream, a Unix socket or a terminal; null reads nothing, which is its maker's then. `onDisposed` runs after the stream was closed by either side. */
export function socketConnection(socket: Socket, handlers: { readonly onBytes: ConnectionHandlers['onBytes'] | null; readonly onEnded: ConnectionHandlers['onEnded'] }, onDisposed: () => Promise<void> = async () => {}): DeviceConnection {
  let reason: string | null = null;
  let disposed = false;
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      const ended = onDisposed().then(() => {
        if (!disposed) handlers.onEnded(reason ?? 'the other side closed the connection');
      });
      void ended.finally(resolve);
    });
  });
  if (handlers.onBytes) socket.on('data', handlers.onBytes);
  socket.on('error', (error) => {
    reason = error.message;
  });
  // A half-closed device is of no use: both directions end together.
  socket.on('end', () => socket.destroy());
  return {
    write: (bytes) => new Promise((resolve, reject) => {
      const onClose = (): void => reject(notConnected());
      if (socket.destroyed) return onClose();
      socket.once('close', onClose);
      socket.write(bytes, (error) => {
        socket.off('close', onClose);
        if (error) reject(notConnected(error));
        else resolve();
      });
    }),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    async [Symbol.asyncDispose]() {
      disposed = true;
      socket.destroy();
      await closed;
    },
  };
}

function notConnected(cause?: unknown): VireoError {
  return new VireoError('OPERATION_INVALID', 'the console device is not connected', { cause });
}
