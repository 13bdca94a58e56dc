/**
 * A migration that leaves this host, between its phases: what Begin found out and Perform and Confirm go on with. Kept with
 * the domain while its job is there; what must outlive this process is in the record beside it.
 */
import type { VireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob, ParkTicket } from '../../job/handles.ts';
import { notParked } from '../../job/refusals.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import type { MigrationSettings } from '../qemu/apply-setup.ts';
import type { MigrationWatch } from '../qemu/migration-watch.ts';
import type { StorageCopy } from '../storage/copy-disks.ts';

export interface Outgoing {
  readonly options: MigrationOptions;
  /** For whom the job waits between two phases. */
  readonly owner: string;
  /** The guest ran when its memory began to be sent. */
  wasRunning: boolean;
  /** What QEMU was set to before it was touched. */
  before: MigrationSettings | null;
  /** Memory is fetched by the destination from here: this host alone has what is missing there. */
  postcopy: boolean;
  /** Spice clients were told where to go, and say so when they are there. */
  movesClients: boolean;
  /** The copies of its disks, while they run. */
  copy: StorageCopy | null;
  /** Hears QEMU from Perform to Confirm. */
  watch: MigrationWatch | null;
  ticket: ParkTicket<'migration-out'> | null;
  /** The client that leads is watched while the job waits for it. */
  stopWatchingClient: (() => void) | null;
}

const outgoing = new WeakMap<Domain, Outgoing>();

export function outgoingOf(domain: Domain): Outgoing | null {
  return outgoing.get(domain) ?? null;
}

export function beginOutgoing(domain: Domain, options: MigrationOptions, owner: string): Outgoing {
  const begun: Outgoing = { options, owner, wasRunning: domain.state === 'running', before: null, postcopy: false, movesClients: false, copy: null, watch: null, ticket: null, stopWatchingClient: null };
  outgoing.set(domain, begun);
  return begun;
}

/** Nothing of it goes on any more. */
export function endOutgoing(domain: Domain): void {
  outgoing.get(domain)?.watch?.[Symbol.dispose]();
  outgoing.delete(domain);
}

/** Whether the destination is to leave the guest standing still, because its user stopped it on the way. */
export function arrivesPaused(domain: Domain): boolean {
  const { state, reason } = domain.stateAndReason;
  return state === 'paused' && reason !== 'migrating' && reason !== 'post-copy';
}

/** Far longer than a destination takes to get ready; a client that is gone is noticed at once. */
const betweenPhasesMs = 3_600_000;

/**
 * Leaves the job to its next phase. Who never comes for it, or whose connection is gone, has `expired` run instead; a
 * driver that closes leaves it to the next one, which finds it in the state file.
 */
export async function parkOutgoing({ closing }: MigrationContext, call: Call, domain: Domain, job: AsyncJob<'migration-out'>, expired: (job: AsyncJob<'migration-out'>) => Promise<void>): Promise<void> {
  const state = outgoing.get(domain);
  const onExpired = (parked: AsyncJob<'migration-out'>): Promise<void> => (closing.aborted ? forEver() : expired(parked));
  const ticket = await job.park({ owner: state?.owner ?? call.client, deadlineMs: betweenPhasesMs, onExpired });
  if (state) state.ticket = ticket;
  const { clientGone } = call;
  if (!clientGone) return;
  if (clientGone.aborted) return ticket.expire();
  const leave = (): void => ticket.expire();
  clientGone.addEventListener('abort', leave, { once: true });
  if (state) state.stopWatchingClient = () => clientGone.removeEventListener('abort', leave);
}

/** Its end would be written down: a job that this driver never ends is the next one's. */
export function forEver(): Promise<never> {
  return new Promise(() => {});
}

/** The next phase takes the job over. @throws OPERATION_INVALID where no migration of this domain waits for one. */
export async function adoptOutgoing(call: Call, domain: Domain): Promise<{ readonly job: AsyncJob<'migration-out'>; readonly state: Outgoing }> {
  const state = outgoing.get(domain);
  if (!state?.ticket) throw notMigrating(domain, call);
  const job = await domain.jobs.adopt(call, state.ticket);
  state.ticket = null;
  state.stopWatchingClient?.();
  state.stopWatchingClient = null;
  return { job, state };
}

export function notMigrating(domain: Domain, { client }: Call): VireoError {
  return notParked(domain.identity, { kind: 'migration-out', owner: client });
}
