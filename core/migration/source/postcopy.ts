/**
 * Post-copy, on the source: the guest runs at the destination and fetches from here what has not gone over. From then on
 * neither host has the whole guest, so that nothing is cancelled: it ends well, or both stand still until the link is there
 * again (I10).
 */
import { VireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { AsyncJob } from '../../job/handles.ts';
import type { MigrationContext } from '../migration-context.ts';
import { lookAtMigration } from '../qemu/migration-status.ts';
import { MigrationWatch } from '../qemu/migration-watch.ts';
import { type Outgoing, beginOutgoing, endOutgoing, forEver, outgoingOf } from './outgoing.ts';

const refusal = { refused: 'cannot abort migration in post-copy mode' } as const;

/** Often enough for a progress bar. */
const lookEveryMs = 250;
/** The longest that a timer takes: a person may come back to it after days. */
const patientMs = 2 ** 31 - 1;

/** QEMU has told the destination to run the guest. */
export async function enterPostcopy(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, state: Outgoing): Promise<void> {
  job.setAbortPolicy(refusal);
  state.postcopy = true;
  context.migrations.running(domain.uuid)?.stage('post-copy');
  if (domain.live) domain.transition({ state: 'paused', reason: 'post-copy' }, { event: 'suspended', detail: 'postcopy' });
  await context.domainLog(domain.uuid).line('switched to post-copy', context.clock.wallTime()).catch(() => {});
}

/** Until the destination has all of it. @throws OPERATION_FAILED when the link or the destination is gone: neither host has the whole guest then. */
export async function waitForPostcopy(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>): Promise<void> {
  const { live } = domain;
  if (!live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  using watch = new MigrationWatch(live, () => context.clock.wallTime());
  const progress = context.migrations.running(domain.uuid);
  for (;;) {
    const { changeCount } = watch;
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    job.report(look.report);
    progress?.report(look.report);
    if (look.status === 'completed') return;
    if (look.status !== 'postcopy-active' && look.status !== 'postcopy-recover' && look.status !== 'device') {
      throw new VireoError('OPERATION_FAILED', `job 'migration out' failed in post-copy phase${look.error === null ? '' : `: ${look.error}`}`, { details: { status: look.status } });
    }
    using change = watch.nextChange(changeCount);
    await context.clock.sleep(lookEveryMs, change.signal);
    live.died.throwIfAborted();
  }
}

/** The domain is not as before, and cannot be: a part of it is at the destination only. */
export function isPostcopyFailure(state: Outgoing, domain: Domain): boolean {
  return state.postcopy && domain.live !== null && !domain.live.died.aborted;
}

/** Told once: the guest stands still, here and there. */
export async function failPostcopy(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>): Promise<void> {
  job.setAbortPolicy(refusal);
  domain.transition({ state: 'paused', reason: 'post-copy failed' }, { event: 'suspended', detail: 'postcopy-failed' });
  await job.setPhase('postcopy_failed').catch(() => {}); // a full disk makes it no better
  await context.domainLog(domain.uuid).line('the migration failed in its post-copy phase; it can be resumed', context.clock.wallTime()).catch(() => {});
}

/**
 * Keeps the job until somebody resumes the migration (`migrate --postcopy-resume`) or destroys the domain. @param error what
 * it failed with, for who looks at it meanwhile.
 */
export async function waitForResume(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, error: VireoError): Promise<void> {
  const state = outgoingOf(domain);
  context.log.write('warning', 'a migration failed in its post-copy phase', { domain: domain.name, error: error.message });
  const ticket = await job.park({
    owner: 'post-copy recovery',
    deadlineMs: patientMs,
    onExpired: async (expired) => {
      if (context.closing.aborted) await forEver();
      endOutgoing(domain);
      expired.conclude(error);
      context.migrations.running(domain.uuid)?.end({ error });
    },
  });
  if (state) state.ticket = ticket;
  domain.live?.onEnd('migration', async () => ticket.expire()); // the run is over: nothing is left to resume
}

/** For a driver that found it: what Begin and Perform of the driver before knew. */
export function findOutgoing(domain: Domain, options: Outgoing['options']): Outgoing {
  const state = beginOutgoing(domain, options, 'post-copy recovery');
  state.postcopy = true;
  return state;
}
