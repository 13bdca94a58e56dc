/**
 * A pseudo-terminal of this machine, whose other side any program for serial lines can open: minicom, screen, picocom,
 * cat. It is raw before anybody can open it, for one that echoes would type the guest's own words into the guest.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { close as closeDescriptor, constants, open as openDescriptor } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import { VireoError } from '../../core/base/errors.ts';

export interface HostTerminal extends AsyncDisposable {
  /** What other programs open: `/dev/pts/7`. */
  readonly path: string;
  /** What they write; the listener's promise holds back what follows. */
  onBytes(listener: (bytes: Uint8Array) => Promise<void>): void;
  /** Resolves when the terminal has taken the bytes: it has room for 4 KiB that nobody has read. */
  write(bytes: Uint8Array): Promise<void>;
}

/** The part of node-pty that its types leave out: a terminal with no program of its own. */
interface PtyModule {
  open(options: { readonly cols: number; readonly rows: number; readonly encoding: null }): { readonly master: ReadStream; readonly slave: ReadStream; readonly ptsName: string };
}

/** @throws OPERATION_UNSUPPORTED where node-pty is missing or could not be built. */
export async function openHostTerminal(): Promise<HostTerminal> {
  const pty = await loadPty();
  const { master, slave, ptsName } = pty.open({ cols: 80, rows: 24, encoding: null });
  // node-pty begins to read its slave, and would take the guest's words from under the other program's nose.
  slave.pause();
  // Held open without being read: without any opener the master fails, and the terminal forgets that it is raw.
  const descriptor = await promisify(openDescriptor)(ptsName, constants.O_RDWR | constants.O_NOCTTY);
  slave.destroy();
  try {
    await promisify(execFile)('stty', [process.platform === 'darwin' ? '-f' : '-F', ptsName, 'raw', '-echo'], { timeout: 5_000 });
  } catch (error) {
    master.destroy();
    await promisify(closeDescriptor)(descriptor);
    throw new VireoError('SYSTEM_ERROR', `cannot make the terminal ${ptsName} raw`, { cause: error });
  }
  return hostTerminal(ptsName, master, descriptor);
}

async function loadPty(): Promise<PtyModule> {
  try {
    return (await import('node-pty')) as unknown as PtyModule;
  } catch (cause) {
    throw new VireoError('OPERATION_UNSUPPORTED', 'a console becomes a terminal of this machine only with node-pty, which is not installed here', {
      cause,
      details: { remedy: "npm install node-pty, with a C++ compiler at hand; or give the guest's serial device type 'pty', and ttyconsole names its terminal" },
    });
  }
}

function hostTerminal(path: string, master: ReadStream, descriptor: number): HostTerminal {
  master.removeAllListeners('error'); // node-pty's own throws
  let failure: Error | null = null;
  master.on('error', (error) => (failure = error));
  return {
    path,
    onBytes(listener) {
      master.on('data', (bytes: Buffer) => {
        master.pause();
        void listener(bytes).finally(() => void master.resume());
      });
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (master.destroyed) return reject(failure ?? new VireoError('OPERATION_INVALID', `the terminal ${path} is closed`));
        master.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async [Symbol.asyncDispose]() {
      const closed = master.destroyed ? null : once(master, 'close');
      master.destroy();
      await closed;
      await promisify(closeDescriptor)(descriptor).catch(() => {});
    },
  };
}
