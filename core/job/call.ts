/**
 * One piece of work on its way through the driver: who asked, for what, until when, and which domains' jobs it holds.
 * It travels as a parameter, so that a second job on the same domain is refused at once instead of deadlocking.
 */
import { type Log, silentLog } from '../base/log.ts';

export interface CallOptions {
  /** The API's name in libvirt's form, e.g. `remoteDispatchDomainSuspend`: the owner of the jobs it begins. */
  readonly owner: string;
  /** The client that asked, for people: `window 1`, `vireo start (pid 4711)`, or `driver` for its own work. */
  readonly client: string;
  /** Aborts when the client gives up; work that must not end half done looks at it only where it can stop. */
  readonly signal?: AbortSignal | undefined;
  readonly log?: Log | undefined;
  /** Aborts when the client's connection has closed; none for the driver's own work. */
  readonly clientGone?: AbortSignal | undefined;
}

export class Call {
  readonly owner: string;
  readonly client: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Aborts when the connection that the call came by has closed, which may be long after the call; null where there is none. */
  readonly clientGone: AbortSignal | null;
  /** What this call holds, by the job engine that granted it; only core/job changes it. */
  readonly holds: Set<object> = new Set();

  constructor(options: CallOptions) {
    this.owner = options.owner;
    this.client = options.client;
    this.signal = options.signal ?? new AbortController().signal;
    this.log = options.log ?? silentLog;
    this.clientGone = options.clientGone ?? null;
  }

  /** Work of the driver itself, such as the reaction to an event; it ends with `signal`. */
  static ofDriver(owner: string, log: Log, signal?: AbortSignal): Call {
    return new Call({ owner, client: 'driver', signal, log });
  }
}
