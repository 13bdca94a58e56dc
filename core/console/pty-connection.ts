/**
 * QEMU's `-chardev pty` from its slave side. QEMU makes the terminal raw when it opens it and never again, so a program
 * that used it before us may have left it echoing: it is made raw once more. QEMU 7.2 looks for a new reader once a
 * second; what it writes until then is in the log only.
 */
import { execFile } from 'node:child_process';
import { close as closeDescriptor, constants, open as openDescriptor } from 'node:fs';
import { promisify } from 'node:util';
import { ReadStream } from 'node:tty';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { socketConnection, type ConnectionHandlers, type DeviceConnection } from './device-connection.ts';
import { acquireUucpLock } from './uucp-lock.ts';

export interface PtyOptions {
  readonly lockFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Whether to wait a moment for a lock on its way out; unless told, yes. */
  readonly isPatient?: boolean;
}

/** @throws OPERATION_FAILED when another live process holds the terminal's UUCP lock. */
export async function connectPty(path: string, handlers: ConnectionHandlers, options: PtyOptions): Promise<DeviceConnection> {
  const { log } = options;
  const lock = await lockTerminal(path, options);
  const release = async (): Promise<void> => await lock?.[Symbol.asyncDispose]();
  let descriptor: number | null = null;
  try {
    await makeRaw(path, log);
    // Non-blocking, or a slave whose other side went away could hold the thread; without a controlling terminal.
    descriptor = await promisify(openDescriptor)(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    return socketConnection(new ReadStream(descriptor), handlers, release);
  } catch (error) {
    if (descriptor !== null) await promisify(closeDescriptor)(descriptor).catch(() => {});
    await release();
    throw error;
  }
}

/** Whoever had a terminal of this number lets go of its lock a moment after that terminal's QEMU has ended, not at once. */
const lockPatienceMs = 3_000;
const lockPollMs = 50;

/**
 * The system gives the number of a terminal that is gone to the next one: its lock may still be there, on its way out.
 * @throws OPERATION_FAILED naming who still holds it after 3 s.
 */
export async function lockTerminal(path: string, { lockFolder, clock, log, signal, isPatient = true }: PtyOptions): Promise<AsyncDisposable | null> {
  for (const endMs = clock.now() + (isPatient ? lockPatienceMs : 0); ; ) {
    try {
      return await acquireUucpLock(path, lockFolder, log);
    } catch (error) {
      if (clock.now() >= endMs || signal.aborted) throw error;
      await clock.sleep(lockPollMs, signal);
    }
  }
}

/** Best effort: `ReadStream.setRawMode` would translate newlines on output, and restore one terminal only at exit. */
async function makeRaw(path: string, log: Log): Promise<void> {
  const file = process.platform === 'darwin' ? '-f' : '-F';
  try {
    await promisify(execFile)('stty', [file, path, 'raw', '-echo'], { timeout: 2_000 });
  } catch (error) {
    log.write('debug', 'stty did not make the terminal raw', { path, error: String(error) });
  }
}
