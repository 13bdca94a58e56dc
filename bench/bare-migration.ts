/**
 * The least that a migration can take: two QEMUs with the driver's own argv, and bare QMP commands to both, from the spawn of
 * the one that waits until the guest runs there and the one that it left has ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../core/base/clock.ts';
import { silentLog } from '../core/base/log.ts';
import { Monitor } from '../core/monitor/monitor.ts';
import type { Launch } from './bare-qemu.ts';
import { stampMs } from './stop-event.ts';

export interface BareMigration {
  readonly totalMs: number;
  /** By QEMU's own clock: the last instruction here until the first there. */
  readonly downtimeMs: number;
}

const timeoutMs = 60_000;

/** A QEMU with another one's argv, whose sockets lie in a folder of its own. */
export class BareQemu implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #folder: string;
  readonly monitor: Monitor;

  private constructor(child: ChildProcess, exited: Promise<unknown>, folder: string, monitor: Monitor) {
    this.#child = child;
    this.#exited = exited;
    this.#folder = folder;
    this.monitor = monitor;
  }

  static async start({ argv, environment, monitorPath }: Launch, name: string, extra: readonly string[], signal: AbortSignal): Promise<BareQemu> {
    const old = path.dirname(monitorPath);
    const folder = path.join(path.dirname(old), name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const words = [...argv.slice(1).map((word) => word.replaceAll(old, folder)), ...extra];
    const child = spawn(argv[0] as string, words, { detached: true, stdio: 'ignore', env: { ...environment }, cwd: '/' });
    const exited = once(child, 'exit');
    try {
      const monitor = await Monitor.connect({ path: path.join(folder, path.basename(monitorPath)), clock: systemClock, log: silentLog, deadlineMs: 20_000, signal, waitForSocket: true });
      return new BareQemu(child, exited, folder, monitor);
    } catch (error) {
      child.kill('SIGKILL');
      await exited;
      throw error;
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
    await this.monitor[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const capability = (name: 'events' | 'return-path' | 'late-block-activate') => ({ capability: name, state: true });

/** @param settle the guest runs for so long before anything is measured. */
export async function migrateBare(launch: Launch, settle: () => Promise<void>, signal: AbortSignal): Promise<BareMigration> {
  await using source = await BareQemu.start(launch, 'bare-source', [], signal);
  await source.monitor.execute('cont', {}, { timeoutMs });
  await settle();
  const beganMs = performance.now();
  await using destination = await BareQemu.start(launch, 'bare-there', ['-incoming', 'defer'], signal);
  await destination.monitor.execute('migrate-set-capabilities', { capabilities: [capability('events'), capability('return-path'), capability('late-block-activate')] }, { timeoutMs });
  await destination.monitor.execute('migrate-incoming', { uri: 'tcp:127.0.0.1:0' }, { timeoutMs });
  const listening = (await destination.monitor.execute('query-migrate', {}, { timeoutMs }))['socket-address']?.[0] as { readonly port?: string } | undefined;
  await source.monitor.execute('migrate-set-capabilities', { capabilities: [capability('events'), capability('return-path')] }, { timeoutMs });
  await source.monitor.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 53 }, { timeoutMs });
  const stopped = source.monitor.events.once((event) => event.event === 'STOP', signal);
  const sent = source.monitor.events.once((event) => event.event === 'MIGRATION' && event.data.status === 'completed', signal);
  const arrived = destination.monitor.events.once((event) => event.event === 'MIGRATION' && event.data.status === 'completed', signal);
  const resumed = destination.monitor.events.once((event) => event.event === 'RESUME', signal);
  await source.monitor.execute('migrate', { uri: `tcp:127.0.0.1:${listening?.port ?? ''}` }, { timeoutMs });
  await Promise.all([sent, arrived]);
  await destination.monitor.execute('cont', {}, { timeoutMs });
  const [stop, resume] = await Promise.all([stopped, resumed]);
  await source.end();
  return { totalMs: performance.now() - beganMs, downtimeMs: stampMs(resume.timestamp) - stampMs(stop.timestamp) };
}
