/**
 * A connection that is made while somebody writes and let go afterwards, to a device that a foreign program may have
 * instead. What comes over it is thrown away, because the log has it: it only says that there is more to read.
 */
import { close as closeDescriptor, constants, open as openDescriptor } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import type { SharedBackend } from './console-backend.ts';
import { connectSocket, type ConnectionHandlers, type DeviceConnection, socketConnection } from './device-connection.ts';
import { placeAt, programWith } from './foreign-holder.ts';
import { escapeTelnet } from './telnet.ts';

/** QEMU accepts at its next turn; one that has not after this long is stuck, or was told by nobody that it waits. */
const acceptMs = 5_000;
const acceptPollMs = 20;
/** For what was written to arrive before the connection is cut. */
const farewellMs = 1_000;

export interface SharedOptions {
  readonly clock: Clock;
  /** Something came: the log has grown, or is about to. */
  readonly onMore: () => void;
  /** As `ConnectionHandlers.onEnded`. */
  readonly onEnded: (reason: string) => void;
  readonly signal: AbortSignal;
}

/** @throws OPERATION_FAILED with `holder` in the details when another program has the device; the system's error. */
export function connectShared(backend: SharedBackend, options: SharedOptions): Promise<DeviceConnection> {
  return backend.type === 'tcp' ? connectTcp(backend, options) : connectPipe(backend, options);
}

async function connectTcp({ host, port, telnet }: Extract<SharedBackend, { type: 'tcp' }>, options: SharedOptions): Promise<DeviceConnection> {
  const { clock, signal, onMore, onEnded } = options;
  let isTaken = false;
  const handlers: ConnectionHandlers = { onBytes: onMore, onEnded: (reason) => isTaken && onEnded(reason) };
  const { connection, socket } = await connectSocket({ host, port }, handlers, signal);
  try {
    await untilTaken({ serverPort: port, clientPort: socket.localPort ?? 0 }, clock, signal);
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
  if (socket.destroyed) throw new VireoError('OPERATION_FAILED', 'QEMU closed the connection at once');
  isTaken = true;
  socket.setNoDelay(true);
  return {
    write: (bytes) => connection.write(telnet ? escapeTelnet(bytes) : bytes),
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    async [Symbol.asyncDispose]() {
      // Closed at once, with bytes unread on either side, it would take back what was written.
      isTaken = false;
      const closed = new AbortController();
      socket.once('close', () => closed.abort());
      socket.end();
      if (!socket.destroyed) await clock.sleep(farewellMs, closed.signal);
      await connection[Symbol.asyncDispose]();
    },
  };
}

async function untilTaken(ends: Parameters<typeof placeAt>[0], clock: Clock, signal: AbortSignal): Promise<void> {
  for (const endMs = clock.now() + acceptMs; ; await clock.sleep(acceptPollMs, signal)) {
    const place = await placeAt(ends);
    signal.throwIfAborted();
    if (place.state === 'taken') return;
    if (place.state === 'held') throw heldBy(place.by);
    if (clock.now() >= endMs) throw new VireoError('OPERATION_FAILED', `QEMU has not taken the connection after ${acceptMs / 1000} s`);
  }
}

/** What QEMU reads is written to `<path>.in`; what it writes to `<path>.out` would stop the guest when nobody reads it. */
async function connectPipe({ path }: Extract<SharedBackend, { type: 'pipe' }>, { signal, onMore, onEnded }: SharedOptions): Promise<DeviceConnection> {
  const isPair = await access(`${path}.in`).then(() => true, () => false);
  const [input, output] = isPair ? [`${path}.in`, `${path}.out`] : [path, null];
  const targets = await Promise.all([input, ...(output === null ? [] : [output])].map((file) => realpath(file)));
  const isQemu = (commandLine: string): boolean => commandLine.includes(`path=${path}`);
  const holder = await programWith(targets, (commandLine) => !isQemu(commandLine));
  signal.throwIfAborted();
  if (holder !== null) throw heldBy(holder);
  const reading = output === null ? null : await openPipe(output, constants.O_RDONLY);
  let writing: Socket;
  try {
    writing = await openPipe(input, constants.O_WRONLY);
  } catch (error) {
    reading?.destroy();
    throw error;
  }
  reading?.on('data', onMore).on('error', () => {});
  return socketConnection(writing, { onBytes: onMore, onEnded: (reason) => (reading?.destroy(), onEnded(reason)) }, async () => void reading?.destroy());
}

/** Both ends are there already, held by QEMU: nothing here waits for another side. */
async function openPipe(file: string, direction: number): Promise<Socket> {
  const descriptor = await promisify(openDescriptor)(file, direction | constants.O_NONBLOCK);
  try {
    return new Socket({ fd: descriptor, readable: direction === constants.O_RDONLY, writable: direction === constants.O_WRONLY });
  } catch (error) {
    await promisify(closeDescriptor)(descriptor).catch(() => {});
    throw error;
  }
}

function heldBy(holder: string): VireoError {
  return new VireoError('OPERATION_FAILED', `the console's input is in use by ${holder}`, { details: { holder } });
}
