/** What crosses the border of a domain's displays: where one listens, who looks at it, and the status of both. */

/** Where QEMU's VNC server waits for viewers. */
export type DisplayPlace = { readonly type: 'unix'; readonly path: string } | { readonly type: 'tcp'; readonly host: string; readonly port: number };

/** One `<graphics>` of a definition. */
export interface DisplayDevice {
  /** Its place among the definition's displays, which is how it is named to be opened. */
  readonly index: number;
  readonly type: string;
  /** Null where nobody can look at it from here, or where it is not known before the domain runs. */
  readonly place: DisplayPlace | null;
  /** The place for people: `private socket`, `127.0.0.1:5901`; empty where it does not listen. */
  readonly where: string;
  /** Why nobody can look at it from here, whether it runs or not. */
  readonly unavailable: string | null;
  /** What QEMU asks viewers for; null where it asks for none. */
  readonly password: string | null;
  /** The folder with the certificates that QEMU's TLS was given; null where it speaks none. */
  readonly certificates: string | null;
  readonly pointer: 'absolute' | 'relative';
}

export interface DisplayClient {
  readonly id: string;
  /** Named to others who are refused or taken over: `window 2`, `vireo (pid 123)`. */
  readonly label: string;
}

export type DisplayMode = 'write' | 'watch';

export interface DisplayStatus {
  readonly index: number;
  /** Who has the keys and the pointer; `sinceMs` is wall time in milliseconds since the epoch. */
  readonly writer: { readonly sessionId: string; readonly label: string; readonly sinceMs: number } | null;
  readonly watchers: number;
  readonly sessions: readonly { readonly sessionId: string; readonly label: string; readonly mode: DisplayMode; readonly sinceMs: number; readonly asksSinceMs: number | null }[];
}

export interface OpenDisplayOptions {
  readonly client: DisplayClient;
  readonly mode: DisplayMode;
  /** Take the input from its holder instead of being refused. */
  readonly force: boolean;
}
