/**
 * A migration that came to nothing: QEMU gives up what it was sending, everything that was set for it is set back, and the
 * guest goes on here as it was (I8). Nothing here throws: what went wrong first is what people are told.
 */
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { startCpus } from '../../process/cpus.ts';
import type { MigrationContext } from '../migration-context.ts';
import { type MigrationSettings, restoreSettings } from '../qemu/apply-setup.ts';
import { cancelMigration, yankMigration } from '../qemu/cancel-migration.ts';
import { isOver, lookAtMigration } from '../qemu/migration-status.ts';
import { MigrationWatch } from '../qemu/migration-watch.ts';
import { removeTlsCredentials } from '../qemu/tls-credentials.ts';
import { endOutgoing, type Outgoing } from './outgoing.ts';
import { removeOutgoingRecord } from './outgoing-record.ts';

/** A link that is alive lets QEMU give up within milliseconds. */
const patienceMs = 5_000;
const afterYankMs = 20_000;

/** Undoes what Perform began, tells everybody why, and ends the job. */
export async function giveUpSending(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, state: Outgoing, error: VireoError): Promise<void> {
  const { live } = domain;
  const isCancelled = error.code === 'OPERATION_ABORTED';
  if (live && !live.died.aborted) {
    await withdraw(context, domain, live, job, state);
    await context.domainLog(domain.uuid).line(isCancelled ? 'the migration was cancelled' : `the migration failed: ${error.message}`, context.clock.wallTime()).catch(() => {});
  }
  await conclude(context, domain, job, error);
}

/** The job's last words on this side. */
export async function conclude(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, error: VireoError): Promise<void> {
  endOutgoing(domain);
  job.conclude(error);
  context.migrations.running(domain.uuid)?.end({ error });
  await job[Symbol.asyncDispose]();
}

/** QEMU and the guest as they were before Perform. */
export async function withdraw(context: MigrationContext, domain: Domain, live: LiveDomain, job: AsyncJob<'migration-out'>, { before, wasRunning }: Pick<Outgoing, 'before' | 'wasRunning'>): Promise<void> {
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    if (live.died.aborted) return;
    await work().catch((error: unknown) => {
      if (!live.died.aborted) context.log.write('error', what, { domain: domain.name, error: asVireoError(error).message });
    });
  };
  live.pauseReason = 'unknown';
  live.runReason = 'migration canceled'; // QEMU lets the guest run again by itself where it had stopped it
  await attempt('a migration could not be ended', () => stopSending(context, live, job));
  await attempt('a guest does not run after its migration failed', () => goOn(domain, live, job, wasRunning));
  await attempt('what a migration had set could not be set back', () => setBack(job, before));
  await removeOutgoingRecord(live);
  await context.saveStatus(domain).catch((error: unknown) => context.log.write('error', 'the state of a domain could not be saved', { domain: domain.name, error: asVireoError(error).message }));
}

/** Until QEMU sends nothing any more. @throws OPERATION_TIMEOUT. */
async function stopSending(context: MigrationContext, live: LiveDomain, job: AsyncJob<'migration-out'>): Promise<void> {
  using watch = new MigrationWatch(live, () => context.clock.wallTime());
  const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
  if (isOver(look.status)) return;
  await job.nest((monitor) => cancelMigration(monitor));
  if (await endsWithin(context, live, job, watch, patienceMs)) return;
  await job.nest((monitor) => yankMigration(monitor));
  if (await endsWithin(context, live, job, watch, afterYankMs)) return;
  throw new VireoError('OPERATION_TIMEOUT', 'QEMU does not give the migration up');
}

async function endsWithin(context: MigrationContext, live: LiveDomain, job: AsyncJob<'migration-out'>, watch: MigrationWatch, ms: number): Promise<boolean> {
  const untilMs = context.clock.now() + ms;
  for (;;) {
    const { changeCount } = watch;
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    if (isOver(look.status)) return true;
    const leftMs = untilMs - context.clock.now();
    if (leftMs <= 0) return false;
    using change = watch.nextChange(changeCount);
    await context.clock.sleep(Math.min(leftMs, 500), change.signal);
    live.died.throwIfAborted();
  }
}

/** Only what ran before runs again, and not what its user has stopped meanwhile. @throws what QEMU says; the domain is paused and says so. */
async function goOn(domain: Domain, live: LiveDomain, job: AsyncJob<'migration-out'>, wasRunning: boolean): Promise<void> {
  if (!wasRunning || domain.live !== live || domain.state !== 'paused') return;
  const { reason } = domain.stateAndReason;
  if (reason !== 'migrating' && reason !== 'post-copy' && reason !== 'unknown') return;
  try {
    await job.nest((monitor) => startCpus(monitor, domain, live, 'migration canceled'));
  } catch (error) {
    if (!live.died.aborted) domain.transition({ state: 'paused', reason: 'api error' }, { event: 'suspended', detail: 'api-error' });
    throw error;
  }
}

async function setBack(job: AsyncJob<'migration-out'>, before: MigrationSettings | null): Promise<void> {
  await job.nest(async (monitor) => {
    const failed = before ? await restoreSettings(monitor, before) : null;
    await removeTlsCredentials(monitor);
    if (failed) throw failed;
  });
}

/** The words of a migration of which nobody can say how it ended there. */
export function unknownEnd(domain: Domain): VireoError {
  return new VireoError(
    'OPERATION_FAILED',
    `migration of domain ${domain.name} finished here, but nobody knows whether it was started on the destination. Look there: if it runs there, destroy it here; if not, resume it here`,
    { domain: domain.identity },
  );
}

/** Whoever led is gone after everything was sent: the guest stays paused here, and a person decides (libvirt's rule). */
export async function leaveUnknown(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, error: VireoError = unknownEnd(domain)): Promise<void> {
  const { live } = domain;
  if (live) {
    context.log.write('warning', error.message, { domain: domain.name });
    await context.domainLog(domain.uuid).line(error.message, context.clock.wallTime()).catch(() => {});
    await removeOutgoingRecord(live);
  }
  await conclude(context, domain, job, error);
}
