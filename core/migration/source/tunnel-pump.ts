/**
 * Memory through the connection between the hosts: QEMU sends it to a private socket of ours, and what comes in there is
 * carried on, no faster than the other side takes it.
 */
import { chmod, chown, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { VireoError, asVireoError } from '../../base/errors.ts';
import { settlesWithin } from '../../base/lifetime.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import { writerOf } from '../../process/dump-file.ts';
import type { MigrationTunnel } from '../migration-target.ts';

/** How long a write that was called off may take to end. */
const lastWriteMs = 5_000;

export class TunnelPump implements AsyncDisposable {
  readonly uri: string;
  readonly #server: net.Server;
  readonly #path: string;
  readonly #tunnel: MigrationTunnel;
  readonly #done: Promise<void>;
  #socket: net.Socket | null = null;
  readonly #clock: Clock;
  #hasAll = false;
  #isOver = false;

  private constructor(server: net.Server, socketPath: string, tunnel: MigrationTunnel, clock: Clock) {
    this.#clock = clock;
    this.#server = server;
    this.#path = socketPath;
    this.uri = `unix:${socketPath}`;
    this.#tunnel = tunnel;
    this.#done = this.#pump();
    this.#done.catch(() => {}); // whoever waits for what is sent hears of it
  }

  /** The socket is there when this resolves. @throws SYSTEM_ERROR. */
  static async listen(live: LiveDomain, tunnel: MigrationTunnel, clock: Clock): Promise<TunnelPump> {
    const socketPath = path.join(live.facts.runFolder, 'mo');
    await rm(socketPath, { force: true });
    const server = net.createServer({ pauseOnConnect: true });
    server.maxConnections = 1;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
    await chmod(socketPath, 0o600);
    const user = await writerOf(live.facts.process.pid);
    if (user && process.geteuid?.() === 0 && user.uid !== 0) await chown(socketPath, user.uid, user.gid);
    return new TunnelPump(server, socketPath, tunnel, clock);
  }

  async #pump(): Promise<void> {
    const socket = await new Promise<net.Socket>((resolve, reject) => {
      this.#server.once('connection', resolve);
      this.#server.once('close', () => reject(new VireoError('OPERATION_ABORTED', 'QEMU has sent nothing')));
    });
    this.#socket = socket;
    const cut = (): void => void socket.destroy();
    this.#tunnel.closed.addEventListener('abort', cut, { once: true });
    if (this.#tunnel.closed.aborted) cut();
    try {
      for await (const chunk of socket) await this.#tunnel.write(chunk as Buffer);
      this.#hasAll = true;
      await this.#tunnel.end();
      this.#isOver = true;
    } catch (error) {
      socket.destroy(); // QEMU is to know that nothing arrives any more
      throw asVireoError(error);
    } finally {
      this.#tunnel.closed.removeEventListener('abort', cut);
    }
  }

  /** QEMU has sent the last of it: that the other side closes the tunnel is no loss any more. */
  get hasAll(): boolean {
    return this.#hasAll;
  }

  /** All that QEMU had to send has gone through. @throws what the other side could not do with it. */
  async sent(): Promise<void> {
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#socket?.destroy();
    if (!this.#isOver) this.#tunnel.abort();
    await settlesWithin(this.#done, this.#clock, lastWriteMs);
    await rm(this.#path, { force: true }).catch(() => {});
  }
}
