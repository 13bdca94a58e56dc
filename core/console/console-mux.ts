/**
 * The consoles of one running domain: devices in, sessions out.
 *
 * A QEMU character device has room for one client, stops the guest when that client does not read, and keeps nothing
 * for a late one. So the multiplexer holds the only connection, always reads, and gives every reader its own place in
 * the stream; exactly one session at a time owns the input. A position in a stream is its offset in QEMU's log, as of
 * the last connection (log-follower.ts tells why the two may part by a few bytes later, and keeps account of it).
 */
import type { Clock } from '../base/clock.ts';
import { VireoError, type ErrorDomain } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Log } from '../base/log.ts';
import { ConsolePort } from './console-port.ts';
import type { ConsoleDevice, ConsoleSession, ConsoleStatus, OpenConsoleOptions } from './console-types.ts';

export type * from './console-types.ts';

export interface ConsoleMuxOptions {
  readonly domain: ErrorDomain;
  readonly clock: Clock;
  readonly log: Log;
  /** Memory for each console's newest bytes; 256 KiB unless told. */
  readonly historyBytes?: number;
  /** Where UUCP lock files of terminals lie; /var/lock unless told. */
  readonly lockFolder?: string;
}

export class ConsoleMux implements AsyncDisposable {
  /** The new status of a console after each change of its state, its sessions or its writer; not for each byte. */
  readonly changes: Emitter<ConsoleStatus>;
  readonly #options: ConsoleMuxOptions;
  readonly #ports = new Map<string, ConsolePort>();
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
    const { domain, clock, log, historyBytes = 262_144, lockFolder = '/var/lock' } = this.#options;
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
      lockFolder,
      onChange: (status) => this.changes.fire(status),
    });
    this.#ports.set(alias, port);
    await existing?.[Symbol.asyncDispose]();
    try {
      await port.connect(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw connectError(error, device).about(domain);
    }
  }

  /** Ends a device's connection; its sessions read to the end and hear that it closed. Unknown aliases are no error. */
  async remove(alias: string): Promise<void> {
    const port = this.#ports.get(alias);
    this.#ports.delete(alias);
    await port?.[Symbol.asyncDispose]();
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

  status(): readonly ConsoleStatus[] {
    return [...this.#ports.values()].map((port) => port.status());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#ports.keys()].map((alias) => this.remove(alias)));
  }
}

function connectError(thrown: unknown, { alias, backend }: ConsoleDevice): VireoError {
  if (thrown instanceof VireoError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new VireoError('SYSTEM_ERROR', `cannot connect to console '${alias}' at ${backend.path}: ${reason}`, {
    cause: thrown,
    details: { alias, path: backend.path },
  });
}
