/**
 * The screenless host: serves a state folder until nobody needs it. It ends half a minute after the last guest and the
 * last client are gone, when a signal asks it to, or when another process wants the folder; guests that run go on, and
 * the next host finds them.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StateLayout } from '../status/state-folder.ts';

const idleGraceMs = 30_000;
const idleCheckMs = 1_000;

/** The part of a host that is needed to decide when it may end. */
export interface ScreenlessHost {
  runningDomains(): readonly unknown[];
  /** Connected clients, those in this process left out. */
  readonly localClients: number;
  /** Resolves when another process wants the folder. */
  readonly handOverRequested: Promise<void>;
  /** Disconnects from everything; guests keep running. Idempotent. */
  close(): Promise<void>;
}

export interface OpenScreenlessHost {
  (options: { readonly layout: StateLayout; readonly role: 'host'; readonly clock: Clock; readonly log: Log; readonly version: string }): Promise<ScreenlessHost>;
}

export interface ServeHostOptions {
  readonly open: OpenScreenlessHost;
  readonly layout: StateLayout;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Gets a line when the host can be reached. */
  readonly tell: (line: string) => void;
  /** Aborts with the name of the signal that asks it to end. */
  readonly interrupted: AbortSignal;
}

/** Resolves with the exit code after the host was closed. @throws what keeps it from opening. */
export async function serveHost(options: ServeHostOptions): Promise<number> {
  const { layout, clock, log, version, interrupted } = options;
  const host = await options.open({ layout, role: 'host', clock, log, version });
  options.tell(`The host serves ${layout.root} (pid ${process.pid})`);
  const over = new AbortController();
  try {
    const reason = await Promise.race([
      // Whoever asked gets an answer before the doors close.
      host.handOverRequested.then(() => clock.sleep(0)).then(() => 'another process asked for the folder'),
      untilIdle(host, clock, over.signal).then(() => 'no guest and no client is left'),
      untilAborted(interrupted, over.signal).then(() => `it got ${String(interrupted.reason)}`),
    ]);
    log.write('info', 'the host ends', { reason });
  } finally {
    over.abort();
    await host.close();
  }
  return 0;
}

/** Resolves once there was neither guest nor client for the whole grace time, or when `over` aborts. */
async function untilIdle(host: ScreenlessHost, clock: Clock, over: AbortSignal): Promise<void> {
  let idleSince: number | null = null;
  while (!over.aborted) {
    const isIdle = host.runningDomains().length === 0 && host.localClients === 0;
    if (!isIdle) idleSince = null;
    else idleSince ??= clock.now();
    if (idleSince !== null && clock.now() - idleSince >= idleGraceMs) return;
    await clock.sleep(idleCheckMs, over);
  }
}

function untilAborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over });
    over.addEventListener('abort', () => resolve(), { once: true });
  });
}
