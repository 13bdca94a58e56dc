/** The other end of HostProcess: owns the host, and measures what only its own process can see. */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { once } from 'node:events';
import net from 'node:net';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import path from 'node:path';
import { type Client } from '../core/api/client.ts';
import { type Host, openHost } from '../core/api/host.ts';
import { writeAtomic } from '../core/base/atomic-file.ts';
import { systemClock } from '../core/base/clock.ts';
import { Emitter } from '../core/base/events.ts';
import { createLog } from '../core/base/log.ts';
import type { ConsoleSession } from '../core/console/console-types.ts';
import { stateLayout } from '../core/status/state-folder.ts';
import { Call } from '../core/job/call.ts';
import { type SyncCount, countSyncs } from '../test/support/count-syncs.ts';
import { serveEcho } from './bare-echo.ts';
import { ByteCount, type ReadOutcome } from './byte-count.ts';
import type { Delay, HostOrders, Memory, OrderMessage, OrderName, OrderReply, ReadPlan } from './host-orders.ts';
import { forEachAtOnce, repeatCall } from './repeat-call.ts';
import { stampMs } from './stop-event.ts';
import { wallClockOffsetMs } from './wall-clock.ts';

type Handlers = { readonly [O in OrderName]: (ask: HostOrders[O]['ask']) => Promise<HostOrders[O]['answer']> };

const settleMs = 30_000;
const logPieceBytes = 524_288;

/** Serves until the measuring process is gone. */
export function serveOrders(): void {
  const worker = new HostWorker();
  process.on('message', ({ id, order, ask }: OrderMessage) => {
    const work = (worker.handlers[order] as (ask: unknown) => Promise<unknown>)(ask);
    work.then(
      (answer) => reply({ id, answer }),
      (error: unknown) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => void worker.abandon().finally(() => process.exit()));
  // A terminal signals the whole group; the measuring process says when it is time.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

function reply(message: OrderReply): void {
  process.send?.(message, undefined, undefined, () => {}); // an asker who is gone needs no answer
}

class HostWorker {
  readonly handlers: Handlers = {
    open: ({ home }) => this.#open(home),
    close: async () => {
      this.#client?.close();
      await this.#host?.close();
      this.#host = this.#client = null;
      return null;
    },
    callHere: async ({ method, params, count, inFlight }) => ({ ms: await repeatCall(() => this.#ownClient().call(method, params), count, inFlight) }),
    echo: async ({ path: socketPath, answer }) => {
      await serveEcho(socketPath, answer); // it ends with this process
      return null;
    },
    memory: async () => memory(),
    beginDelay: async () => {
      this.#delay = monitorEventLoopDelay({ resolution: 1 });
      this.#delay.enable();
      return null;
    },
    endDelay: async () => this.#endDelay(),
    beginSyncs: async () => {
      this.#syncs = await countSyncs();
      return null;
    },
    endSyncs: async () => {
      const { count, atOnce } = this.#syncs ?? { count: 0, atOnce: 0 };
      this.#syncs?.[Symbol.dispose]();
      return { count, atOnce };
    },
    beginStops: async () => {
      this.#stops = watchStops(this.#ownClient());
      return null;
    },
    endStops: async () => this.#stops?.end() ?? { stampedMs: [], hereMs: [] },
    writeDurably: ({ folder, count, atOnce, bytes }) => writeDurably(folder, count, atOnce, bytes),
    beginRaw: ({ path: socketPath, plan, log }) => this.#beginRaw(socketPath, plan, log),
    beginSession: ({ domain, alias, plan }) => this.#beginSession(domain, alias, plan),
    endRead: async () => {
      if (!this.#reading) throw new Error('nothing is being read');
      return await this.#reading;
    },
  };
  #reading: Promise<ReadOutcome> | null = null;
  #host: Host | null = null;
  #client: Client | null = null;
  #delay: IntervalHistogram | null = null;
  #syncs: SyncCount | null = null;
  #stops: StopWatch | null = null;

  /** The measuring process was killed: its guests and its folder go with it. */
  async abandon(): Promise<void> {
    const { layout } = this.#host ?? {};
    for (const { pid } of this.#host?.runningDomains() ?? []) if (pid !== null) process.kill(pid, 'SIGKILL');
    if (layout) await rm(layout.root, { recursive: true, force: true, maxRetries: 5 });
  }

  async #open(home: string): Promise<{ openMs: number; reconnectedMs: number }> {
    const beganMs = performance.now();
    const log = createLog((line) => void (/ error /.test(line) && process.stderr.write(`${line}\n`)));
    const host = await openHost({ layout: stateLayout(home), role: 'in process', clock: systemClock, log, version: '0.0.0-bench' });
    this.#host = host;
    const openMs = performance.now() - beganMs;
    await host.driver.reconnected;
    const reconnectedMs = performance.now() - beganMs;
    await this.#settled();
    return { openMs, reconnectedMs };
  }

  /** The trial of the accelerator runs behind the opening; nothing is measured beside it. */
  async #settled(): Promise<void> {
    const endMs = performance.now() + settleMs;
    while ((await this.#ownClient().call('hostGetStatus', {})).accelerator === null) {
      if (performance.now() > endMs) throw new Error('the host did not choose an accelerator');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #ownClient(): Client {
    if (!this.#host) throw new Error('the host is not open');
    this.#client ??= this.#host.client('the bench');
    return this.#client;
  }

  #endDelay(): Delay {
    const histogram = this.#delay;
    if (!histogram) throw new Error('the event loop is not watched');
    histogram.disable();
    const ms = (nanoseconds: number): number => nanoseconds / 1e6;
    return { p50Ms: ms(histogram.percentile(50)), p99Ms: ms(histogram.percentile(99)), highestMs: ms(histogram.max) };
  }

  async #beginRaw(socketPath: string, plan: ReadPlan, logPath: string | null): Promise<null> {
    const log = logPath === null ? null : await LogBeside.open(logPath);
    const socket = net.connect(socketPath);
    await once(socket, 'connect');
    const count = new ByteCount(plan);
    socket.on('data', (bytes) => {
      log?.grown(bytes.length);
      count.take(bytes);
    });
    socket.on('error', (error) => count.fail(error));
    socket.on('close', () => count.fail(new Error('the device closed')));
    this.#reading = count.done.finally(async () => {
      socket.destroy();
      await log?.[Symbol.asyncDispose]();
    });
    this.#reading.catch(() => {});
    return null;
  }

  async #beginSession(domain: string, alias: string, plan: ReadPlan): Promise<null> {
    const host = this.#host;
    if (!host) throw new Error('the host is not open');
    const call = new Call({ owner: 'bench', client: 'bench' });
    const { session } = await host.driver.openConsole(call, domain, alias, { client: { id: 'bench', label: 'bench' }, mode: 'watch', force: false, from: 'now' });
    const count = new ByteCount(plan);
    const stop = new AbortController();
    void readInto(count, session, stop.signal);
    this.#reading = count.done.finally(() => {
      stop.abort();
      session[Symbol.dispose]();
    });
    this.#reading.catch(() => {});
    return null;
  }
}

/** The least that anybody does who wants to know where in the log the bytes lie: reads it as well, and looks at nothing. */
class LogBeside implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #memory = Buffer.allocUnsafeSlow(logPieceBytes);
  #position: number;
  #behind = 0;
  #reading: Promise<void> | null = null;

  private constructor(handle: FileHandle, position: number) {
    this.#handle = handle;
    this.#position = position;
  }

  static async open(file: string): Promise<LogBeside> {
    const handle = await open(file, 'r');
    return new LogBeside(handle, (await handle.stat()).size);
  }

  grown(bytes: number): void {
    this.#behind += bytes;
    if (this.#behind < logPieceBytes || this.#reading) return;
    this.#reading = this.#read().finally(() => (this.#reading = null));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reading;
    await this.#handle.close();
  }

  async #read(): Promise<void> {
    const { bytesRead } = await this.#handle.read(this.#memory, 0, this.#memory.length, this.#position);
    this.#position += bytesRead;
    this.#behind -= bytesRead;
  }
}

async function readInto(count: ByteCount, session: ConsoleSession, stop: AbortSignal): Promise<void> {
  try {
    while (!stop.aborted) {
      const item = await session.read(stop);
      if (item === null) throw new Error('the console ended');
      if (item.type === 'gap') count.gap(item);
      if (item.type === 'bytes') count.take(item.bytes);
    }
  } catch (error) {
    if (!stop.aborted) count.fail(error instanceof Error ? error : new Error(String(error)));
  }
}

function memory(): Memory {
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  collect?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { residentMiB: rss / 2 ** 20, heapMiB: heapUsed / 2 ** 20 };
}

interface StopWatch {
  end(): HostOrders['endStops']['answer'];
}

/** Sees every STOP on its way from the monitor to the driver, which has the only connection: events all pass here. */
function watchStops(client: Client): StopWatch {
  const offsetMs = wallClockOffsetMs();
  const [stampedMs, hereMs] = [[], []] as [number[], number[]];
  const real = Object.getOwnPropertyDescriptor(Emitter.prototype, 'fire') as PropertyDescriptor & { value: (this: Emitter<unknown>, event: unknown) => void };
  const watched = function (this: Emitter<unknown>, event: unknown): void {
    if (isStop(event)) stampedMs.push(stampMs(event.timestamp));
    real.value.call(this, event);
  };
  Object.defineProperty(Emitter.prototype, 'fire', { ...real, value: watched });
  const subscription = client.on('domain', ({ event }) => {
    if (event === 'suspended') hereMs.push(performance.now() + offsetMs);
  });
  return {
    end() {
      Object.defineProperty(Emitter.prototype, 'fire', real);
      subscription[Symbol.dispose]();
      return { stampedMs, hereMs };
    },
  };
}

function isStop(event: unknown): event is { readonly timestamp: Parameters<typeof stampMs>[0] } {
  return typeof event === 'object' && event !== null && 'timestamp' in event && 'event' in event && event.event === 'STOP';
}

async function writeDurably(folder: string, count: number, atOnce: number, bytes: number): Promise<{ ms: number }> {
  await mkdir(folder, { recursive: true });
  const content = 'x'.repeat(bytes);
  const beganMs = performance.now();
  await forEachAtOnce([...Array(count).keys()], atOnce, (index) => writeAtomic(path.join(folder, String(index)), content));
  return { ms: performance.now() - beganMs };
}
