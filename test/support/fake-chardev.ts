/**
 * A stand-in for QEMU's `-chardev socket,server=on,logfile=...,logappend=on`: one client at a time, the connection
 * written before the log, the log alone while nobody is connected. `stutter` does what a full connection does.
 */
import { appendFileSync, truncateSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { ConsoleDevice } from '../../core/console/console-types.ts';

export class FakeChardev implements AsyncDisposable {
  readonly folder: string;
  readonly device: ConsoleDevice;
  /** All that the guest ever said. */
  said: Buffer = Buffer.alloc(0);
  /** All that the guest was told. */
  heard: Buffer = Buffer.alloc(0);
  readonly #server: Server;
  #client: Socket | null = null;

  private constructor(folder: string, server: Server, logged: boolean) {
    this.folder = folder;
    this.#server = server;
    this.device = {
      alias: 'serial0',
      kind: 'serial',
      label: 'ttyS0',
      backend: { type: 'unix', path: path.join(folder, 'c') },
      logFile: logged ? path.join(folder, 'log') : null,
      runStart: 0,
    };
    server.on('connection', (socket) => {
      this.#client = socket;
      socket.on('data', (bytes: Buffer) => {
        this.heard = Buffer.concat([this.heard, bytes]);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        if (this.#client === socket) this.#client = null;
      });
    });
  }

  static async start(options: { logged?: boolean } = {}): Promise<FakeChardev> {
    const folder = await mkdtemp('/tmp/vireo-');
    const server = createServer();
    server.maxConnections = 1;
    const fake = new FakeChardev(folder, server, options.logged ?? true);
    if (fake.device.logFile !== null) await writeFile(fake.device.logFile, '');
    await fake.listen();
    return fake;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(path.join(this.folder, 'c'), resolve));
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  say(text: string | Uint8Array): void {
    const bytes = Buffer.from(text as string);
    this.said = Buffer.concat([this.said, bytes]);
    this.#client?.write(bytes);
    this.#append(bytes);
  }

  /** The connection was full for a moment: QEMU 7.2 logs the bytes once for the attempt, then sends and logs them again. */
  stutter(text: string): void {
    this.#append(Buffer.from(text));
    this.say(text);
  }

  /** Said before QEMU noticed its client. */
  sayToLogOnly(text: string): void {
    this.said = Buffer.concat([this.said, Buffer.from(text)]);
    this.#append(Buffer.from(text));
  }

  stopReading(): void {
    this.#client?.pause();
  }

  cutLog(length = 0): void {
    if (this.device.logFile !== null) truncateSync(this.device.logFile, length);
  }

  /** Ends the client's connection; QEMU goes on. */
  hangUp(): void {
    this.#client?.end();
    this.#client = null;
  }

  async stopListening(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#client?.destroy();
    this.#client = null;
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stopListening();
    await rm(this.folder, { recursive: true, force: true });
  }

  #append(bytes: Buffer): void {
    if (this.device.logFile !== null) appendFileSync(this.device.logFile, bytes);
  }
}
