/**
 * A migration that this host was sending when its driver was killed (I12), by the phase that is on disk. Until all was sent
 * the guest goes on here; once the destination was told to run it, it never runs here again by itself; between the two
 * nobody here knows, and a person decides.
 */
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { restoredMasks } from '../../job/kinds.ts';
import { endRun } from '../../process/stop-domain.ts';
import type { MigrationContext } from '../migration-context.ts';
import { migrationOptionsSchema } from '../migration-options.ts';
import { type MigrationLook, isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import { unknownEnd, withdraw } from '../source/give-up.ts';
import { beginOutgoing, endOutgoing, forEver } from '../source/outgoing.ts';
import { type OutgoingRecord, readOutgoingRecord, removeOutgoingRecord } from '../source/outgoing-record.ts';
import { failPostcopy, findOutgoing, waitForResume } from '../source/postcopy.ts';
import { endLeftMirrors } from '../storage/end-mirrors.ts';

type Job = AsyncJob<'migration-out'>;

/** A person who has to look at two hosts comes, or does not; the longest that a timer takes. */
const decidedWithinMs = 2 ** 31 - 1;

/** For whoever restored `job`; it ends it, but where the job stays parked. Never throws. */
export async function recoverOutgoing(context: MigrationContext, domain: Domain, job: Job): Promise<void> {
  const { live } = domain;
  if (!live) return;
  job.setMask(restoredMasks['migration-out']);
  try {
    const record = (await readOutgoingRecord(live)) ?? unknownRecord();
    const startedAtMs = domain.jobs.status().async?.sinceWallMs;
    context.migrations.begin(domain, { clock: context.clock, side: 'source', peer: record.peer, ...(startedAtMs === undefined ? {} : { startedAtMs }) });
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    await context.domainLog(domain.uuid).line(`a migration is found in its phase ${job.phase}`, context.clock.wallTime()).catch(() => {});
    await goOn(context, domain, live, job, record, look);
  } catch (thrown) {
    if (context.closing.aborted) return;
    const error = asVireoError(thrown);
    context.log.write('error', 'a migration of an earlier driver could not be gone on with', { domain: domain.name, error: error.message });
    if (domain.live === live) end(context, domain, job, error);
  }
}

/** The record could not be read: nothing was set, as far as anybody knows, and no guest is let go that nobody stopped. */
function unknownRecord(): OutgoingRecord {
  return { options: migrationOptionsSchema.parse({}), peer: null, wasRunning: false, before: null };
}

async function goOn(context: MigrationContext, domain: Domain, live: LiveDomain, job: Job, record: OutgoingRecord, look: MigrationLook): Promise<void> {
  if (await isInPostcopy(job, look)) return await afterPostcopy(context, domain, live, job, record, look);
  switch (job.phase) {
    case 'perform3':
    case 'confirm3_cancelled':
      await goBack(context, domain, live, job, record);
      return;
    case 'perform3_done':
      await letSomebodyDecide(context, domain, live, job, record);
      return;
    case 'confirm3':
    case 'confirm_resume':
      await leave(context, domain, live, job, record);
      return;
    default: // nothing had been begun
      await removeOutgoingRecord(live);
      end(context, domain, job, interrupted(domain));
  }
}

/** It was switched to post-copy, whether it goes on, stands still, or is over by now. */
async function isInPostcopy(job: Job, look: MigrationLook): Promise<boolean> {
  if (isPostcopy(look.status)) return true;
  if (look.status !== 'completed') return job.phase === 'postcopy_failed' || job.phase === 'begin_resume' || job.phase === 'perform_resume';
  const { value: answer } = await job.nest((monitor) => monitor.query('query-migrate'));
  return (answer.ram?.['postcopy-bytes'] ?? 0) > 0;
}

/** Where all of it has gone over and the destination has said so, it is over; else both hosts keep what they have. */
async function afterPostcopy(context: MigrationContext, domain: Domain, live: LiveDomain, job: Job, record: OutgoingRecord, look: MigrationLook): Promise<void> {
  const wasTold = job.phase === 'confirm3' || job.phase === 'confirm_resume';
  if (look.status === 'completed' && wasTold) return await leave(context, domain, live, job, record);
  findOutgoing(domain, record.options);
  const error = new VireoError('OPERATION_FAILED', "job 'migration out' failed in post-copy phase: the driver that watched it has ended", { domain: domain.identity });
  await failPostcopy(context, domain, job);
  await waitForResume(context, domain, job, error);
}

async function goBack(context: MigrationContext, domain: Domain, live: LiveDomain, job: Job, record: OutgoingRecord): Promise<void> {
  await endLeftMirrors({ clock: context.clock, log: context.log, live, job }, live.definition);
  await withdraw(context, domain, live, job, record);
  end(context, domain, job, interrupted(domain));
}

/** The destination has it. */
async function leave(context: MigrationContext, domain: Domain, live: LiveDomain, job: Job, record: OutgoingRecord): Promise<void> {
  await endRun(context, domain, live, job, { reason: 'migrated', event: { event: 'stopped', detail: 'migrated' } });
  if (record.options.undefineSource && domain.persistent) await context.forget(domain);
  job.conclude();
  context.migrations.running(domain.uuid)?.end({ outcome: 'completed' });
}

/**
 * All was sent, and whoever led is gone: the guest may run there. It stands still here until a client that leads confirms
 * (Confirm3), or a person lets it go on (`domjobabort` or `resume`) or destroys it.
 */
async function letSomebodyDecide(context: MigrationContext, domain: Domain, live: LiveDomain, job: Job, record: OutgoingRecord): Promise<void> {
  const error = unknownEnd(domain);
  const state = beginOutgoing(domain, record.options, 'somebody who decides');
  state.wasRunning = record.wasRunning;
  state.before = record.before;
  job.setMask([...restoredMasks['migration-out'], 'modify', 'suspend']);
  job.setAbortPolicy('allowed');
  context.log.write('warning', error.message, { domain: domain.name });
  await context.domainLog(domain.uuid).line(error.message, context.clock.wallTime()).catch(() => {});
  const { abortRequested } = job;
  const ticket = await job.park({
    owner: state.owner,
    deadlineMs: decidedWithinMs,
    onExpired: async (expired) => {
      if (context.closing.aborted) await forEver();
      endOutgoing(domain);
      // Let go by its user, who says with it that it runs nowhere else; or the run has ended.
      if (domain.live === live && !live.died.aborted && (abortRequested.aborted || domain.state === 'running')) await withdraw(context, domain, live, expired, record);
      end(context, domain, expired, abortRequested.aborted ? asVireoError(abortRequested.reason) : error);
    },
  });
  state.ticket = ticket;
  const resumed = live.qmpEvents.on((event) => {
    if (event.event === 'RESUME') ticket.expire();
  });
  live.onEnd('migration', async () => ticket.expire());
  if (abortRequested.aborted) ticket.expire();
  abortRequested.addEventListener('abort', () => (resumed[Symbol.dispose](), ticket.expire()), { once: true });
}

function end(context: MigrationContext, domain: Domain, job: Job, error: VireoError): void {
  endOutgoing(domain);
  job.conclude(error);
  context.migrations.running(domain.uuid)?.end({ error });
}

function interrupted(domain: Domain): VireoError {
  return new VireoError('OPERATION_FAILED', 'the driver that led the migration has ended: the guest goes on here', { domain: domain.identity });
}
