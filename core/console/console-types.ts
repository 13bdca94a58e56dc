/**
 * What crosses the multiplexer's border: devices in, status and items out. Plain data, so that a door can carry it.
 */

/** One character device of a running domain, as the live definition and `query-chardev` describe it. */
export interface ConsoleDevice {
  /** The live alias: `serial0`, `console1`, `channel0`. */
  readonly alias: string;
  readonly kind: 'serial' | 'parallel' | 'console' | 'channel';
  /** What people call it: `ttyS0`, `hvc0`, or a channel's name. */
  readonly label: string;
  readonly backend: { readonly type: 'unix'; readonly path: string } | { readonly type: 'pty'; readonly path: string };
  /** The file QEMU appends this device's output to (`logfile=`, `logappend=on`), or null where none is kept. */
  readonly logFile: string | null;
  /**
   * Where in the log this run of the guest began, which is where history begins; null for a guest that has not run yet,
   * whose run begins where the log ends now.
   */
  readonly runStart: number | null;
}

export interface ConsoleClient {
  readonly id: string;
  /** Named to others who are refused or taken over: `this computer, window 2`, `vireo console (pid 123)`. */
  readonly label: string;
}

export type ConsoleMode = 'write' | 'watch';

export interface ConsoleStatus {
  readonly alias: string;
  readonly kind: ConsoleDevice['kind'];
  readonly label: string;
  readonly state: 'open' | 'connecting' | 'closed' | 'failed';
  /** Why the state is `failed` or what the last attempt of `connecting` met; null otherwise. */
  readonly error: string | null;
  /** Who owns the input; `sinceMs` is wall time in milliseconds since the epoch. */
  readonly writer: { readonly sessionId: string; readonly client: string; readonly sinceMs: number } | null;
  readonly watchers: number;
  readonly sessions: readonly { readonly id: string; readonly label: string; readonly mode: ConsoleMode }[];
  /** Bytes since the log began: the offset that the next byte of the device will have. */
  readonly position: number;
  /** The position at which this run of the guest began. */
  readonly runStart: number;
}

export interface ConsoleNotice {
  readonly type: 'notice';
  /**
   * `taken-over`: this session lost the input to `by`. `writer-changed`: the input went to `by`, who is another session.
   * `released`: the input that `by` had is free. `closed`: the device is gone; null follows.
   */
  readonly what: 'taken-over' | 'writer-changed' | 'released' | 'closed';
  readonly by: string | null;
}

/** Offsets count bytes of the console's stream; `gap` covers [from, to), which is kept nowhere any more. */
export type ConsoleItem =
  | { readonly type: 'bytes'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'gap'; readonly from: number; readonly to: number }
  | ConsoleNotice;

/** A reader of one console, and its writer while `mode` is `write`. Disposing it frees the input. */
export interface ConsoleSession extends Disposable {
  readonly id: string;
  /** Becomes `watch` when another session takes over; a notice in the stream says by whom. */
  readonly mode: ConsoleMode;
  /**
   * The next item in order, or null when the device has gone and everything was read, or the session was disposed.
   * Pull model: what is not asked for waits in the ring, then in the log. One read at a time. Rejects with the
   * signal's reason.
   */
  read(signal: AbortSignal): Promise<ConsoleItem | null>;
  /**
   * Resolves when the bytes were handed to the device; slow guests are felt here and nowhere else.
   * @throws OPERATION_DENIED when this session does not own the input, OPERATION_ABORTED when it loses it while
   *   waiting, OPERATION_INVALID while the device is not connected, RESOURCE_BUSY when too much is already waiting.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Takes the free input, or with `force` the held one. @throws OPERATION_FAILED naming the holder. */
  requestWrite(force: boolean): void;
  /** Gives the input up and goes on watching; nobody is given it. */
  release(): void;
}

export interface OpenConsoleOptions {
  readonly client: ConsoleClient;
  readonly mode: ConsoleMode;
  /** Take the input from its holder instead of being refused. */
  readonly force: boolean;
  /** Where reading begins: with the last lines kept in memory (the default), with the next byte, or at an offset. */
  readonly from?: 'history' | 'now' | number;
}
