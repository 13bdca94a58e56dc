/**
 * The destination of a migration behind a connection: the other host's contract as core/migration wants it. A host that
 * answers nothing for half a minute counts as lost, whatever its connection says: a killed computer closes no connection.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import { Emitter } from '../base/events.ts';
import type { FinishRequest, Finished, MigrationTarget, MigrationTunnel, OpenTarget, PrepareRequest, Prepared } from '../migration/migration-target.ts';
import type { Client, ClientStream } from './client.ts';
import { type HostCarriers, connectHost } from './connect-host.ts';
import { bareHost, parseHostUri } from './host-uri.ts';

const pingPauseMs = 5_000;
const pingTimeoutMs = 30_000;
/** The leader bounds its calls itself. */
const longestCallMs = 25 * 3_600_000;

export interface TargetOptions {
  readonly label: string;
  readonly address: string | null;
  readonly clock?: Clock;
}

/** @throws INVALID_ARG for a URI of no kind that there is, SYSTEM_ERROR, RPC. */
export function migrationTargets(carriers: HostCarriers, clock: Clock): OpenTarget {
  return async (uri, signal) => {
    const parsed = parseHostUri(uri);
    const client = await connectHost(uri, 'migration', carriers, signal);
    return migrationTarget(client, { label: uri, address: parsed.kind === 'unix' ? '127.0.0.1' : bareHost(parsed.host), clock });
  };
}

/** The client is the target's from here on, and closed with it. */
export async function migrationTarget(client: Client, options: TargetOptions): Promise<MigrationTarget> {
  try {
    const { hostname, hostUuid, wallTimeMs } = await client.call('connectGetHostname', {}, { timeoutMs: pingTimeoutMs });
    return new PeerTarget(client, options, { hostName: hostname, hostUuid, connectedAtMs: wallTimeMs });
  } catch (error) {
    client.close();
    throw error;
  }
}

class PeerTarget implements MigrationTarget {
  readonly label: string;
  readonly address: string | null;
  readonly hostUuid: string;
  readonly hostName: string;
  readonly connectedAtMs: number;
  readonly #client: Client;
  readonly #lost = new AbortController();

  constructor(client: Client, { label, address, clock = systemClock }: TargetOptions, known: { readonly hostUuid: string; readonly hostName: string; readonly connectedAtMs: number }) {
    this.label = label;
    this.address = address;
    this.hostUuid = known.hostUuid;
    this.hostName = known.hostName;
    this.connectedAtMs = known.connectedAtMs;
    this.#client = client;
    const lost = (): void => this.#lost.abort(this.#lostError(asVireoError(client.closed.reason).message));
    client.closed.addEventListener('abort', lost, { once: true });
    if (client.closed.aborted) lost();
    void this.#keepAlive(clock);
  }

  get closed(): AbortSignal {
    return this.#lost.signal;
  }

  async prepare(request: PrepareRequest, signal: AbortSignal): Promise<Prepared> {
    return this.#client.call('domainMigratePrepare3Params', request, { signal, timeoutMs: longestCallMs });
  }

  async prepareTunnel(request: PrepareRequest, signal: AbortSignal): Promise<Prepared & { readonly tunnel: MigrationTunnel }> {
    const over = new AbortController();
    const end = new Emitter<VireoError | null>();
    const ended = new Promise<void>((resolve, reject) => void end.on((error) => (error ? reject(error) : resolve())));
    ended.catch(() => {}); // who ends the tunnel hears of it
    const stream = await this.#client.openStream('domainMigratePrepareTunnel3Params', request, {
      onBytes: () => {},
      onMessage: () => {},
      onEnd: (error) => {
        end.fire(error);
        over.abort(error ?? new VireoError('OPERATION_INVALID', 'the destination has read all of the tunnel'));
      },
    });
    if (signal.aborted) {
      stream.close();
      throw signal.reason;
    }
    return { ...stream.opened, tunnel: tunnelOver(stream, over.signal, ended) };
  }

  async finish(request: FinishRequest, signal: AbortSignal): Promise<Finished> {
    return this.#client.call('domainMigrateFinish3Params', request, { signal, timeoutMs: longestCallMs });
  }

  async arrival(request: Parameters<MigrationTarget['arrival']>[0], signal: AbortSignal): ReturnType<MigrationTarget['arrival']> {
    const { arrival } = await this.#client.call('domainMigrateGetArrival', request, { signal, timeoutMs: pingTimeoutMs });
    return arrival;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }

  async #keepAlive(clock: Clock): Promise<void> {
    const { signal } = this.#lost;
    for (await clock.sleep(pingPauseMs, signal); !signal.aborted; await clock.sleep(pingPauseMs, signal)) {
      const answer = this.#client.call('connectGetHostname', {}, { timeoutMs: longestCallMs, signal });
      const isThere = (await settlesWithin(answer, clock, pingTimeoutMs)) && (await answer.then(() => true, () => false));
      if (isThere || signal.aborted) continue;
      this.#lost.abort(this.#lostError(`it has not answered for ${pingTimeoutMs / 1000} s`));
      this.#client.close();
    }
  }

  #lostError(why: string): VireoError {
    return new VireoError('OPERATION_FAILED', `Lost connection to destination host ${this.label}: ${why}`, { details: { destination: this.label } });
  }
}

function tunnelOver(stream: ClientStream<'domainMigratePrepareTunnel3Params'>, closed: AbortSignal, ended: Promise<void>): MigrationTunnel {
  return {
    closed,
    write: (bytes) => stream.send(bytes),
    async end() {
      await stream.send(new Uint8Array(0)); // whatever is under way is sent before
      stream.message({ type: 'end' });
      await ended;
    },
    abort: () => stream.close(),
  };
}
