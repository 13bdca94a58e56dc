/**
 * The app without windows (`--host`): the same screenless host that `vireo host` is in a checkout, in the only binary
 * that a package has.
 */
import { app } from 'electron';
import type { HostCarriers } from '../core/api/connect-host.ts';
import { openHost } from '../core/api/host.ts';
import { serveHost } from '../core/api/serve-host.ts';
import { systemClock } from '../core/base/clock.ts';
import type { Log } from '../core/base/log.ts';
import type { StateLayout } from '../core/status/state-folder.ts';

/** Serves until there is nothing left to serve or a signal asks for the end; resolves with the exit code. */
export async function serveScreenless(layout: StateLayout, log: Log, carriers: HostCarriers): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort(signal));
  // Chromium has its own wish to end with a session or a signal; the guests' connections are to be closed first.
  app.on('before-quit', (event) => {
    event.preventDefault();
    interrupted.abort('a request to quit');
  });
  return await serveHost({
    open: (options) => openHost({ ...options, carriers }),
    layout,
    clock: systemClock,
    log,
    version: app.getVersion(),
    tell: (line) => void process.stdout.write(`${line}\n`),
    interrupted: interrupted.signal,
  });
}
