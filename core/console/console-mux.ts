/**
 * The consoles of one running domain: devices in, sessions out.
 *
 * A QEMU character device has room for one client, stops the guest when that client does not read, and keeps nothing
 * for a late one. So the multiplexer holds the only connection, always reads, and gives every reader its own place in
 * the stream; exactly one session at a time owns the input. A position in a stream is its offset in QEMU's log, as of
 * the last connection (log-follower.ts tells why the two may part by a few bytes later, and keeps account of it).
 */
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { VireoError, type ErrorDomain } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Log } from '../base/log.ts';
import { describeBackend } from './console-backend.ts';
import type { ConsoleLink, ConsoleLinkOptions } from './console-link.ts';
import { ConsolePort } from './console-port.ts';
import type { ConsoleStream } from './console-stream.ts';
import type { LogBounds } from './log-rotation.ts';
import type { ConsoleDevice, ConsoleSession, ConsoleStatus, OpenConsoleOptions } from './console-types.ts';

export type * from './console-types.ts';

/** A flood may take so many times the memory while the log is compared: 4 MiB are what a fast port sends in 15 ms. */
const floodFactor = 16;

export interface ConsoleMuxOptions {
  readonly domain: ErrorDomain;
  readonly clock: Clock;
  readonly log: Log;
  /** Memory for each console's newest bytes; 256 KiB unless told. */
  readonly historyBytes?: number;
  /** Where UUCP lock files of terminals lie; /var/lock unless told. */
  readonly lockFolder?: string;
  /** Logs in this folder are kept within bounds; others are their owners' business. */
  readonly logs?: { readonly folder: string; readonly bounds: LogBounds };
  /** Follows a console beside its sessions, from when it is connected until it is removed: its times, its triggers. */
  readonly watch?: (device: ConsoleDevice, stream: ConsoleStream) => AsyncDisposable;
  /** Tests stand in for the way to a device. */
  readonly createLink?: (options: ConsoleLinkOptions) => ConsoleLink;
}

export class ConsoleMux implements AsyncDisposable {
  /** The new status of a console after each change of its state, its sessions or its writer; not for each byte. */
  readonly changes: Emitter<ConsoleStatus>;
  readonly #options: ConsoleMuxOptions;
  readonly #ports = new Map<string, ConsolePort>();
  readonly #watches = new Map<string, AsyncDisposable>();
  #disposed = false;

  constructor(options: ConsoleMuxOptions) {
    this.#options = options;
    this.changes = new Emitter((error) => options.log.write('error', 'a listener to console changes failed', { error: String(error) }));
  }

  /**
   * Connects to a device and reads it from now on; resolves when its history is there. A device that cannot be
   * connected stays in `status()` as failed and may be added again.
   * @throws SYSTEM_ERROR for the operating system's refusal; OPERATION_FAILED when a live foreign process holds the
   *   terminal's lock, OPERATION_INVALID when the alias is in use or the multiplexer closed; the signal's reason.
   */
  async add(device: ConsoleDevice, signal: AbortSignal): Promise<void> {
    const { domain, clock, log, historyBytes = 262_144, lockFolder = '/var/lock', logs, createLink } = this.#options;
    const { alias } = device;
    if (this.#disposed) throw new VireoError('OPERATION_INVALID', 'the consoles of this domain are closed', { domain });
    const existing = this.#ports.get(alias);
    if (existing && existing.status().state !== 'failed') throw new VireoError('OPERATION_INVALID', `console '${alias}' is connected already`, { domain });
    const port = new ConsolePort({
      device,
      domain,
      clock,
      log: log.with({ domain: domain.name, alias }),
      historyBytes,
      floodBytes: historyBytes * floodFactor,
      lockFolder,
      logBounds: logs && device.logFile !== null && path.dirname(device.logFile) === logs.folder ? logs.bounds : null,
      createLink,
      onChange: (status) => {
        // Sessions of a removed console may outlast it, and tell nothing of the one that took its place.
        if ((this.#ports.get(alias) ?? port) === port) this.changes.fire(status);
      },
    });
    this.#ports.set(alias, port);
    await existing?.[Symbol.asyncDispose]();
    await this.#unwatch(alias);
    try {
      await port.connect(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw connectError(error, device).about(domain);
    }
    if (this.#ports.get(alias) !== port || !this.#options.watch) return;
    this.#watches.set(alias, this.#options.watch(device, port.stream));
  }

  /** All bytes of a console, for who reads them without being a session; null for an unknown alias. */
  streamOf(alias: string): ConsoleStream | null {
    return this.#ports.get(alias)?.stream ?? null;
  }

  /** Ends a device's connection; its sessions read to the end and hear that it closed. Unknown aliases are no error. */
  async remove(alias: string): Promise<void> {
    const port = this.#ports.get(alias);
    this.#ports.delete(alias);
    await port?.[Symbol.asyncDispose]();
    await this.#unwatch(alias);
  }

  /**
   * A session on a console, from its history unless told otherwise; the caller disposes it.
   * @throws DEVICE_MISSING for an unknown alias; OPERATION_FAILED when another session owns the input and `force` is
   *   not set, with the holder's label, its session and since when (`holder`, `sessionId`, `sinceMs`) in the details.
   */
  open(alias: string, options: OpenConsoleOptions): ConsoleSession {
    const port = this.#ports.get(alias);
    if (!port) throw new VireoError('DEVICE_MISSING', `no console device '${alias}'`, { domain: this.#options.domain, details: { alias } });
    return port.open(options);
  }

  /**
   * Resolves when what its writer types can reach the console; at once for one that is only watched.
   * @throws OPERATION_FAILED naming the foreign program that has it, SYSTEM_ERROR; the writer has lost the input then.
   */
  async untilWritable(alias: string): Promise<void> {
    await this.#ports.get(alias)?.untilWritable();
  }

  status(): readonly ConsoleStatus[] {
    return [...this.#ports.values()].map((port) => port.status());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#ports.keys()].map((alias) => this.remove(alias)));
  }

  async #unwatch(alias: string): Promise<void> {
    const watching = this.#watches.get(alias);
    this.#watches.delete(alias);
    await watching?.[Symbol.asyncDispose]();
  }
}

function connectError(thrown: unknown, { alias, backend }: ConsoleDevice): VireoError {
  if (thrown instanceof VireoError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const place = describeBackend(backend);
  return new VireoError('SYSTEM_ERROR', `cannot connect to console '${alias}' at ${place}: ${reason}`, { cause: thrown, details: { alias, path: place } });
}
