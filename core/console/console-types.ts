/**
 * What crosses the multiplexer's border: devices in, status and items out. Plain data, so that a door can carry it.
 */

/**
 * Where a device's bytes are on the host. The multiplexer holds the connection of `unix` and `pty` from the start of the
 * run to its end. What the others say is read from QEMU's log; to `tcp` and `pipe`, which a foreign program may want, it
 * connects while somebody writes and no longer.
 */
export type ConsoleBackend =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'pty'; readonly path: string }
  /** QEMU listens, for one client at a time. `host` is what to connect to: never a wildcard. */
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly telnet: boolean }
  /** QEMU holds the pipes `path`.in and `path`.out, or the one pipe `path`. */
  | { readonly type: 'pipe'; readonly path: string }
  /** `what` is where its bytes go and `why` to whom its input belongs, both for people. */
  | { readonly type: 'elsewhere'; readonly what: string; readonly why: string };

/** One character device of a running domain, as the live definition and `query-chardev` describe it. */
export interface ConsoleDevice {
  /** The live alias: `serial0`, `console1`, `channel0`. */
  readonly alias: string;
  readonly kind: 'serial' | 'parallel' | 'console' | 'channel';
  /** What people call it: `ttyS0`, `hvc0`, or a channel's name. */
  readonly label: string;
  readonly backend: ConsoleBackend;
  /** Why nobody may write to it from here, for people; null where one may. What `elsewhere` says, unless told. */
  readonly readOnly?: string | null;
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
  readonly sessions: readonly { readonly id: string; readonly label: string; readonly mode: ConsoleMode; readonly sinceMs: number; readonly asksSinceMs: number | null }[];
  readonly readOnly: string | null;
  readonly backend: string;
  /** Bytes since the log began: the offset that the next byte of the device will have. */
  readonly position: number;
  /** The position at which this run of the guest began. */
  readonly runStart: number;
}

export interface ConsoleNotice {
  readonly type: 'notice';
  /**
   * `taken-over`: this session lost the input to `by`. `writer-changed`: the input went to `by`, who is another session.
   * `handed-over`: this session had asked for the input, which `by` gave it or left. `released`: the input that `by` had
   * is free. `closed`: the device is gone; null follows.
   */
  readonly what: 'taken-over' | 'writer-changed' | 'handed-over' | 'released' | 'closed';
  readonly by: string | null;
  /** When it happened, in wall time; a reader who is late hears it late. */
  readonly atMs: number;
}

/** What became of this session's request: `moot` when `by` took the input by force, or the device is gone (null). */
export interface ConsoleRequestState {
  readonly type: 'request';
  readonly state: 'waiting' | 'declined' | 'moot';
  readonly by: string | null;
}

export interface ConsoleRequest {
  readonly sessionId: string;
  readonly label: string;
  readonly sinceMs: number;
}

/** To the writer: who asks for the input, the first to ask first. */
export interface ConsoleRequests {
  readonly type: 'requests';
  readonly from: readonly ConsoleRequest[];
}

/** What a session is told beside the stream, at the place in it where it happened. */
export type ConsoleWord = ConsoleNotice | ConsoleRequestState | ConsoleRequests;

/** Offsets count bytes of the console's stream; `gap` covers [from, to), which is kept nowhere any more. */
export type ConsoleStreamItem =
  | { readonly type: 'bytes'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'gap'; readonly from: number; readonly to: number };

export type ConsoleItem = ConsoleStreamItem | ConsoleWord;

/** A reader of one console, and its writer while `mode` is `write`. Disposing it frees the input. */
export interface ConsoleSession extends Disposable {
  readonly id: string;
  /** The offset of the first byte that it reads. */
  readonly from: number;
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
  /**
   * Takes the free input, or with `force` the held one, which ends all requests for it.
   * @throws OPERATION_FAILED naming the holder, OPERATION_DENIED with the reason where nobody can write from here.
   */
  requestWrite(force: boolean): void;
  /**
   * Asks the writer for the input and waits for it; takes it where it is free. Whoever asked first is given it when the
   * writer releases it or leaves. Asking again changes nothing.
   * @throws RESOURCE_BUSY when too many ask already, OPERATION_DENIED with the reason where nobody can write from here.
   */
  ask(): void;
  /** Takes the own request back; without one nothing happens. */
  withdraw(): void;
  /**
   * Gives the input to a session that asks for it, and goes on watching.
   * @throws OPERATION_DENIED when this session does not own the input, OPERATION_INVALID when `to` does not ask for it.
   */
  handOver(to: string): void;
  /** Refuses the request of `to`, who may ask again; one that is gone is no error. @throws OPERATION_DENIED. */
  decline(to: string): void;
  /** Gives the input up and goes on watching; the first who asks is given it, or nobody. */
  release(): void;
  /**
   * Runs `send`, which sends a serial line's break, in its place among the bytes that were written here. Its signal
   * aborts when this session loses the input first.
   * @throws OPERATION_DENIED, OPERATION_ABORTED and OPERATION_INVALID as `write`, OPERATION_UNSUPPORTED for what is no
   *   serial port, and what `send` throws.
   */
  sendBreak(send: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

export interface OpenConsoleOptions {
  readonly client: ConsoleClient;
  readonly mode: ConsoleMode;
  /** Take the input from its holder instead of being refused. */
  readonly force: boolean;
  /**
   * Where reading begins: with the last lines kept in memory (the default), with the next byte, with the run's first
   * byte, with the first that the log has, or at an offset.
   */
  readonly from?: 'history' | 'now' | 'run' | 'beginning' | number;
}
