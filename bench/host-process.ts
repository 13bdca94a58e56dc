/**
 * A Vireo host in a process of its own, so that what is measured is not slowed down by the one who measures, and so that
 * its memory and its event loop are its own. It has its own state folder, and nothing of either is left.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type Client } from '../core/api/client.ts';
import { connectLocal } from '../core/api/local-client.ts';
import { stateLayout } from '../core/status/state-folder.ts';
import { qemuProcessesOf } from '../test/support/open-test-host.ts';
import type { HostOrders, OrderName, OrderReply } from './host-orders.ts';

export const workerArgument = '--host-worker';

/** Longer than any order takes on a loaded machine; the bench's own limit comes first. */
const orderLimitMs = 60_000;

interface WaitingOrder {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class HostProcess implements AsyncDisposable {
  readonly home: string;
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<number, WaitingOrder>();
  #lastId = 0;

  /** Takes over the state folder `home`: it is removed with the process. */
  constructor(home: string, signal: AbortSignal) {
    this.home = home;
    this.#signal = signal;
    this.#child = fork(process.argv[1] as string, [workerArgument], { execArgv: ['--expose-gc', '--enable-source-maps'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (reply: OrderReply) => this.#receive(reply));
    this.#child.on('exit', () => this.#failAll(new Error('the host process has ended')));
    this.#child.on('error', (error) => this.#failAll(error));
    signal.addEventListener('abort', () => this.#failAll(signal.reason as Error), { once: true });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get socket(): string {
    return stateLayout(this.home).socket;
  }

  ask<O extends OrderName>(order: O, ask: HostOrders[O]['ask']): Promise<HostOrders[O]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) return reject(this.#signal.reason as Error);
      const id = ++this.#lastId;
      const timer = setTimeout(() => waiting.reject(new Error(`the host process did not answer ${order} within ${orderLimitMs / 1000} s`)), orderLimitMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      const waiting = {
        resolve: (answer: unknown): void => {
          done();
          resolve(answer as HostOrders[O]['answer']);
        },
        reject: (error: Error): void => {
          done();
          reject(error);
        },
      };
      this.#waiting.set(id, waiting);
      this.#child.send({ id, order, ask }, (error) => error && waiting.reject(error));
    });
  }

  open(): Promise<HostOrders['open']['answer']> {
    return this.ask('open', { home: this.home });
  }

  async close(): Promise<void> {
    await this.ask('close', {});
  }

  /** Through the local socket, as the command and other processes come. */
  connect(label = 'bench'): Promise<Client> {
    return connectLocal(this.socket, label, { deadlineMs: 10_000, waitForHost: true, signal: this.#signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL'); // it lets go of its guests at once; they end below
      await exited;
    }
    await endQemuOf(this.home);
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  #receive(reply: OrderReply): void {
    const waiting = this.#waiting.get(reply.id);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.answer);
  }

  #failAll(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
  }
}

/** Ends every QEMU of a state folder by its pid, and waits until all are gone. */
async function endQemuOf(home: string): Promise<void> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const pids = await qemuProcessesOf(home);
    if (pids.length === 0 || performance.now() > endMs) return;
    for (const pid of pids) killQuietly(pid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}
