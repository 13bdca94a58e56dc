/** Confirm, on the source: the guest is gone from here, or goes on as before. */
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { endRun } from '../../process/stop-domain.ts';
import { parseCookie } from '../cookie/parse-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { conclude, giveUpSending, leaveUnknown } from './give-up.ts';
import { adoptOutgoing, endOutgoing, type Outgoing } from './outgoing.ts';
import { failPostcopy, isPostcopyFailure, waitForPostcopy, waitForResume } from './postcopy.ts';

export interface ConfirmRequest {
  readonly cookie: string;
  readonly options: MigrationOptions;
  readonly cancelled: boolean;
  /**
   * Instead of `cancelled`: nobody can say whether the guest runs on the destination (connection lost after Finish was sent,
   * and no new one). The guest stays paused here, the job ends, and this is what people are told; its next start or resume is theirs.
   */
  readonly unknown?: VireoError;
  /** Why the destination did not take it, for those who look at the migration afterwards. */
  readonly failure?: VireoError;
}

/** How long spice clients may take to say that they are at the new place. */
const clientsMoveWithinMs = 10_000;

export async function confirmMigration(context: MigrationContext, call: Call, domain: Domain, request: ConfirmRequest): Promise<void> {
  const { job, state } = await adoptOutgoing(call, domain);
  try {
    if (request.unknown && !state.postcopy) return await leaveUnknown(context, domain, job, request.unknown);
    if (request.cancelled) return await goBack(context, domain, job, state, request);
    await leave(context, domain, job, state, request);
  } catch (thrown) {
    const error = asVireoError(thrown).about(domain.identity);
    if (context.closing.aborted) throw error; // the next driver goes on from what is on disk
    if (isPostcopyFailure(state, domain)) {
      await failPostcopy(context, domain, job);
      await waitForResume(context, domain, job, error);
    } else await conclude(context, domain, job, error);
    throw error;
  }
}

/** The destination has it: it ends here. */
async function leave(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, state: Outgoing, { cookie, options }: ConfirmRequest): Promise<void> {
  const { live } = domain;
  const progress = context.migrations.running(domain.uuid);
  const phase = options.postcopyResume ? 'confirm_resume' : 'confirm3';
  await job.setPhase(phase);
  await context.atStep?.('migration-out', phase, domain);
  if (live && !options.offline) {
    if (state.postcopy) await waitForPostcopy(context, domain, job);
    report(context, domain, job, cookie);
    await clientsMoved(context, live, state);
    await endRun(context, domain, live, job, { reason: 'migrated', event: { event: 'stopped', detail: 'migrated' } });
  }
  if (options.undefineSource && domain.persistent) await context.forget(domain);
  const statistics = domain.jobs.statistics().current;
  job.conclude();
  progress?.end({ outcome: 'completed', totalMs: statistics?.elapsedMs ?? null, downtimeMs: statistics?.downtimeMs ?? null });
  endOutgoing(domain);
  await job[Symbol.asyncDispose]();
}

/** What the destination found out: how long the guest stood still, as it saw it. */
function report(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, text: string): void {
  try {
    const statistics = parseCookie(text, { name: domain.name, uuid: domain.uuid, hostUuid: context.hostUuid, heeds: ['statistics'] })?.statistics;
    const { downtimeMs } = statistics?.report ?? {};
    if (!statistics || downtimeMs === undefined || downtimeMs === null) return;
    const net = (ms: number): number | null => (statistics.deltaMs === null ? null : Math.max(0, ms - statistics.deltaMs));
    job.report({ downtimeMs, downtimeNetMs: net(downtimeMs), elapsedNetMs: statistics.elapsedMs > 0 ? net(statistics.elapsedMs) : null });
  } catch (error) {
    context.log.write('warning', 'what the destination said about a migration could not be read', { domain: domain.name, error: asVireoError(error).message });
  }
}

async function clientsMoved(context: MigrationContext, live: LiveDomain, { movesClients, watch }: Outgoing): Promise<void> {
  if (!movesClients || !watch) return;
  const late = new AbortController();
  void context.clock.sleep(clientsMoveWithinMs, late.signal).then(() => late.abort());
  await watch.until(({ clientsMoved: moved }) => moved, AbortSignal.any([late.signal, live.died])).catch(() => {}); // they connect anew then
  late.abort();
}

/** The destination has not got it, and will not: it goes on here. */
async function goBack(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, state: Outgoing, { failure, options }: ConfirmRequest): Promise<void> {
  const error = job.abortRequested.aborted ? asVireoError(job.abortRequested.reason) : (failure ?? new VireoError('OPERATION_FAILED', 'the destination did not take the guest'));
  if (state.postcopy) {
    await failPostcopy(context, domain, job);
    await waitForResume(context, domain, job, error);
    return;
  }
  if (job.phase === 'begin3' || options.offline) return await conclude(context, domain, job, error);
  await job.setPhase('confirm3_cancelled');
  await context.atStep?.('migration-out', 'confirm3_cancelled', domain);
  await giveUpSending(context, domain, job, state, error);
}
