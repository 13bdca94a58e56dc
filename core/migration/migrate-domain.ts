/**
 * The source host leads a migration (libvirt's peer to peer): it and the destination alone decide what becomes of the
 * guest, and whoever asked for it may be gone long before.
 */
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import { Call } from '../job/call.ts';
import { bounded, leadMigration } from './lead-migration.ts';
import type { MigrationContext } from './migration-context.ts';
import type { MigrationOptions } from './migration-options.ts';
import type { MigrationTarget } from './migration-target.ts';
import { beginMigration } from './source/begin.ts';
import { confirmMigration } from './source/confirm.ts';
import { arrivesPaused } from './source/outgoing.ts';
import { performMigration } from './source/perform.ts';

/** A password is never asked for, so that what takes longer is a host that does not answer. */
const connectTimeoutMs = 60_000;

/** Resolves when the guest is there. @throws why it is not, or why nobody can say. */
export async function migrateDomain(context: MigrationContext, call: Call, domain: Domain, { uri, options }: { readonly uri: string; readonly options: MigrationOptions }): Promise<void> {
  const { clock, log, openTarget, closing } = context;
  await using target = await connectTo(context, uri, call.signal);
  if (target.hostUuid === context.hostUuid) throw new VireoError('OPERATION_INVALID', `Attempt to migrate guest to the same host ${target.hostUuid}`);
  call.signal.throwIfAborted();
  // The client's own call may end at any time; what it asked for goes on, and ends if the client says so.
  const leading = new Call({ owner: call.owner, client: call.client, log: call.log });
  const callOff = (): void => void domain.jobs.abort(new Call({ owner: call.owner, client: call.client, log: call.log })).catch(() => {});
  call.signal.addEventListener('abort', callOff, { once: true });
  using abort = abortRequestOf(domain);
  try {
    const source = {
      uuid: domain.uuid,
      name: domain.name,
      begin: async (begun: MigrationOptions) => {
        const answer = await beginMigration(context, leading, domain, begun, { sameComputer: target.address === '127.0.0.1' });
        context.migrations.running(domain.uuid)?.peer(target.label);
        abort.watch();
        return answer;
      },
      isPaused: async () => arrivesPaused(domain),
      perform: (request: Parameters<typeof performMigration>[3]) => performMigration(context, leading, domain, request),
      confirm: (request: Parameters<typeof confirmMigration>[3]) => confirmMigration(context, leading, domain, request),
      abortRequested: abort.signal,
      closing,
    };
    await leadMigration({ source, target, uri, openTarget, options, clock, log });
  } finally {
    call.signal.removeEventListener('abort', callOff);
  }
}

async function connectTo({ openTarget, clock, closing }: MigrationContext, uri: string, signal: AbortSignal): Promise<MigrationTarget> {
  const late = bounded(clock, connectTimeoutMs, () => `no answer from ${uri} within ${connectTimeoutMs / 1000} s`);
  try {
    return await openTarget(uri, AbortSignal.any([signal, late.signal, closing]));
  } finally {
    late.done();
  }
}

/** Aborts when somebody asks the domain's long job to end, whoever holds it at that moment; not before it is watched. */
function abortRequestOf(domain: Domain): Disposable & { readonly signal: AbortSignal; watch(): void } {
  const requested = new AbortController();
  let subscription: Disposable | null = null;
  const look = (): void => {
    if (domain.jobs.status().async?.abortRequested === true) requested.abort(new VireoError('OPERATION_ABORTED', 'migration out job: canceled by client'));
  };
  return {
    signal: requested.signal,
    watch() {
      subscription = domain.jobs.changes.on(look);
      look();
    },
    [Symbol.dispose]: () => subscription?.[Symbol.dispose](),
  };
}
