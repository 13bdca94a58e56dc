/**
 * Where QEMU sends a guest's state on its way into a file. QEMU 7.2 writes into no file that it is not given a descriptor
 * of, and Node gives none away over a socket; so QEMU connects to a private socket, and what it connected to becomes the
 * standard input of a program that writes. Where sockets cannot be handed to programs, this process pumps.
 */
import { rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/clock.ts';
import { VireoError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import { FilterProcess } from './filter-process.ts';
import type { FilterProgram } from './save-formats.ts';

export interface StateSinkOptions {
  /** In a folder that nobody but QEMU's user and this one may enter. */
  readonly socket: string;
  /** Its place is where the state is to begin. */
  readonly fd: number;
  readonly program: FilterProgram;
  readonly clock: Clock;
  /** False where a program cannot be given a socket (Windows). */
  readonly handsOver?: boolean;
}

/** Storage that hangs keeps its writer; it keeps nobody else. */
const lastWriteMs = 5_000;

export class StateSink implements AsyncDisposable {
  readonly #options: StateSinkOptions;
  readonly #server: Server;
  readonly #stop = new AbortController();
  #filter: FilterProcess | null = null;
  #settle!: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
  /** Resolves when QEMU has closed its end and all that came is written. @throws OPERATION_FAILED with the system's words. */
  readonly done: Promise<void>;

  private constructor(options: StateSinkOptions) {
    this.#options = options;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.done.catch(() => {}); // who waits hears of it
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#take(socket));
    this.#server.on('error', (error) => this.#settle.reject(error));
  }

  /** Listens. @throws SYSTEM_ERROR. */
  static async open(options: StateSinkOptions): Promise<StateSink> {
    await rm(options.socket, { force: true }); // of a save before this one
    const sink = new StateSink(options);
    await new Promise<void>((resolve, reject) => {
      sink.#server.once('error', reject);
      // QEMU may be another user's; the folder keeps everybody else away.
      sink.#server.listen({ path: options.socket, readableAll: true, writableAll: true }, resolve);
    });
    return sink;
  }

  /** For QEMU's `migrate`. */
  get uri(): string {
    return `unix:${this.#options.socket}`;
  }

  /** The first to connect is QEMU, which was told where; nobody else is waited for. */
  #take(socket: Socket): void {
    this.#server.close();
    if (this.#filter || this.#stop.signal.aborted) return void socket.destroy();
    const { program, fd, handsOver = process.platform !== 'win32' } = this.#options;
    if (handsOver) {
      this.#filter = new FilterProcess(program, socket, fd);
      this.#filter.done.then(this.#settle.resolve, this.#settle.reject);
    } else if (program.name === 'cat') {
      const file = createWriteStream('', { fd, autoClose: false, highWaterMark: 1 << 20 });
      pipeline(socket, file, { signal: this.#stop.signal }).then(this.#settle.resolve, this.#settle.reject);
    } else {
      socket.destroy();
      this.#settle.reject(new VireoError('OPERATION_UNSUPPORTED', `${program.name} cannot be used on this system`));
    }
  }

  /** Whatever still writes is ended, and has let go of the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#settle.reject(new VireoError('OPERATION_ABORTED', 'nobody waits for the state any more'));
    this.#server.close();
    this.#filter?.[Symbol.dispose]();
    if (this.#filter) await settlesWithin(this.#filter.done, this.#options.clock, lastWriteMs);
    await rm(this.#options.socket, { force: true }).catch(() => {}); // it goes with its folder
  }
}
