/**
 * Keeps a domain's stream open whenever the domain runs and the host is there: the loop that a console's pane and a
 * display window live by. An end that the guest or the connection brought is shown in words of its own, and is no failure.
 */
import type { Client } from '../../core/api/client.ts';
import type { Clock } from '../../core/base/clock.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { Host } from '../store/host-store.ts';

const retryMs = 1_000;

export interface Serving {
  readonly host: Host;
  readonly uuid: string;
  readonly clock: Clock;
  /** Whether a domain that runs has what is to be served. */
  readonly isThere?: (summary: DomainSummary) => boolean;
  /** Opens the stream, and resolves when it has ended by itself, with what it ended with. Rejects where it cannot be opened. */
  readonly serve: (client: Client, signal: AbortSignal) => Promise<VireoError | null>;
  readonly onFailed: (error: VireoError) => void;
  /** After each end, also behind `onFailed`. */
  readonly onOver: () => void;
}

/** Until the signal; never rejects. */
export async function serveWhileRunning(serving: Serving, signal: AbortSignal): Promise<void> {
  const { clock, onFailed, onOver } = serving;
  while (!signal.aborted) {
    try {
      await untilRunning(serving, signal);
      await serveOnce(serving, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      onFailed(asVireoError(thrown));
    }
    onOver();
    await clock.sleep(retryMs, signal).catch(() => {});
  }
}

async function serveOnce({ host, uuid, serve }: Serving, signal: AbortSignal): Promise<void> {
  const { client } = host;
  const error = await serve(client, signal);
  if (error && !signal.aborted && !client.closed.aborted && isActiveState(host.domain(uuid)?.state ?? 'shut off')) throw error;
}

function untilRunning({ host, uuid, isThere = () => true }: Serving, signal: AbortSignal): Promise<DomainSummary | null> {
  const isKnown = (): boolean => {
    const { link, sync } = host.store.getState();
    return link.phase === 'connected' && !sync.fetching;
  };
  return host.domainWhen(uuid, (summary) => summary !== null && isActiveState(summary.state) && isThere(summary) && isKnown(), signal);
}
