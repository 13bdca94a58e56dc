/**
 * The displays of one running domain, each with its viewers. QEMU serves any number of viewers by itself, and takes
 * keys from each of them; that exactly one has the input is decided here, by the rules of the consoles, and enforced in
 * each viewer's bytes (rfb-input-filter.ts), not in the windows.
 */
import type { Clock } from '../base/clock.ts';
import { VireoError, type ErrorDomain } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Log } from '../base/log.ts';
import { DisplayPort } from './display-port.ts';
import type { DisplaySession } from './display-session.ts';
import type { DisplayDevice, DisplayStatus, OpenDisplayOptions } from './display-types.ts';

export type * from './display-types.ts';
export type { DisplaySession } from './display-session.ts';

export interface DisplaysOptions {
  readonly domain: ErrorDomain;
  readonly clock: Clock;
  readonly log: Log;
}

export class Displays implements Disposable {
  /** After each change of who looks at a display and of who has its input. */
  readonly changes: Emitter<void>;
  readonly #options: DisplaysOptions;
  readonly #ports = new Map<number, DisplayPort>();
  #disposed = false;

  constructor(options: DisplaysOptions) {
    this.#options = options;
    this.changes = new Emitter((error) => options.log.write('error', 'a listener to display changes failed', { error: String(error) }));
  }

  /**
   * A viewer of a display; the caller disposes it.
   * @throws OPERATION_UNSUPPORTED for a display that nobody can look at from here; OPERATION_FAILED when another session
   *   has the input and `force` is not set, with `holder`, `sessionId` and `sinceMs` in the details, and where QEMU lets
   *   nobody in; OPERATION_TIMEOUT, SYSTEM_ERROR, RPC for what connecting met; the signal's reason.
   */
  async open(device: DisplayDevice, options: OpenDisplayOptions, signal: AbortSignal): Promise<DisplaySession> {
    const { domain, clock } = this.#options;
    if (this.#disposed) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain });
    const { place, unavailable } = device;
    if (unavailable !== null || !place) throw new VireoError('OPERATION_UNSUPPORTED', `display ${device.index} cannot be shown: ${unavailable ?? 'where it listens is not known'}`, { domain });
    let port = this.#ports.get(device.index);
    if (!port) {
      port = new DisplayPort({ index: device.index, domain, clock, onChange: () => this.changes.fire() });
      this.#ports.set(device.index, port);
    }
    return port.open({ ...device, place }, options, signal);
  }

  /** Of the displays that were looked at; there is nobody at the others. */
  status(): readonly DisplayStatus[] {
    return [...this.#ports.values()].map((port) => port.status());
  }

  /** Ends every viewer's connection. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const port of this.#ports.values()) port[Symbol.dispose]();
  }
}
