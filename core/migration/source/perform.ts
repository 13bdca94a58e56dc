/** Perform, on the source: disks and memory go over, and the guest stands still when it is done. */
import { VireoError, asVireoError } from '../../base/errors.ts';
import { formatDomain } from '../../devices/domain-xml.ts';
import type { Domain } from '../../domain/domain.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { formatCookie } from '../cookie/format-cookie.ts';
import { createCookie } from '../cookie/migration-cookie.ts';
import { type CookieStatistics, reportOf } from '../cookie/cookie-statistics.ts';
import { parseCookie } from '../cookie/parse-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import type { MigrationTunnel } from '../migration-target.ts';
import { checkMigrationOptions } from '../qemu/option-rules.ts';
import { sameMachine, whoWeAre } from './what-goes.ts';
import { adoptOutgoing, beginOutgoing, type Outgoing, outgoingOf, parkOutgoing } from './outgoing.ts';
import { resumeSending } from './resume.ts';
import { SendGuest } from './send-guest.ts';
import { giveUpSending, leaveUnknown } from './give-up.ts';
import { failPostcopy, isPostcopyFailure, waitForResume } from './postcopy.ts';

export interface PerformRequest {
  /** From Prepare. */
  readonly cookie: string;
  readonly uri: string;
  readonly options: MigrationOptions;
  readonly tunnel?: MigrationTunnel;
  /** Aborts when the leader has lost the destination: whatever is sent from then on, nobody will finish it (not heeded once post-copy has begun). */
  readonly connection?: AbortSignal;
}

/** @returns the cookie for Finish. @throws why it did not go over; the guest is as before then, and the job has ended: no Confirm follows (libvirt's rule). */
export async function performMigration(context: MigrationContext, call: Call, domain: Domain, request: PerformRequest): Promise<string> {
  const { job, state } = await takeUp(context, call, domain, request.options);
  try {
    const cookie = request.options.postcopyResume ? await resumeSending(context, domain, job, state, request) : await send(context, call, domain, job, state, request);
    await parkOutgoing(context, call, domain, job, (parked) => leaveUnknown(context, domain, parked));
    return cookie;
  } catch (thrown) {
    const error = whyNot(domain, request.options, asVireoError(thrown)).about(domain.identity);
    if (context.closing.aborted) throw error; // the next driver goes on from what is on disk
    if (isPostcopyFailure(state, domain)) {
      await failPostcopy(context, domain, job);
      await waitForResume(context, domain, job, error);
      throw error;
    }
    await giveUpSending(context, domain, job, state, error);
    throw error;
  }
}

/** A guest whose run is over takes every command's answer with it: what they failed with says less than that. */
function whyNot(domain: Domain, { offline }: MigrationOptions, error: VireoError): VireoError {
  const hasEnded = !domain.live || domain.live.died.aborted;
  if (offline || !hasEnded || error.code === 'OPERATION_ABORTED') return error;
  return new VireoError('OPERATION_FAILED', `the guest ended on this host, or its QEMU did, before it had gone over (${error.message})`, { cause: error, details: error.details });
}

/** The job of Begin; without change protection it begins here. */
async function takeUp(context: MigrationContext, call: Call, domain: Domain, options: MigrationOptions): Promise<{ readonly job: AsyncJob<'migration-out'>; readonly state: Outgoing }> {
  if (outgoingOf(domain)?.ticket || options.changeProtection) return await adoptOutgoing(call, domain);
  checkMigrationOptions(options);
  const job = await domain.jobs.beginAsync(call, 'migration-out');
  if (!context.migrations.running(domain.uuid)) context.migrations.begin(domain, { clock: context.clock, side: 'source' });
  return { job, state: beginOutgoing(domain, options, call.client) };
}

async function send(context: MigrationContext, call: Call, domain: Domain, job: AsyncJob<'migration-out'>, state: Outgoing, request: PerformRequest): Promise<string> {
  job.abortRequested.throwIfAborted();
  const { options } = request;
  const { live } = domain;
  const progress = context.migrations.running(domain.uuid);
  if (options.offline) {
    await job.setPhase('perform3_done');
    return '';
  }
  if (!live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  const expected = { name: domain.name, uuid: domain.uuid, hostUuid: context.hostUuid, heeds: ['graphics', 'nbd', 'capabilities', 'network'] as const };
  const cookie = parseCookie(request.cookie, expected);
  const persistentXml = options.persistDestination ? await persistentForm(context, domain, options) : null;
  await job.setPhase('perform3');
  await context.atStep?.('migration-out', 'perform3', domain);
  const sending = new SendGuest({ context, call, domain, live, job, state, request, cookie, progress });
  await sending.run();
  progress?.stage(state.postcopy ? 'post-copy' : 'finishing');
  await job.setPhase('perform3_done');
  await context.atStep?.('migration-out', 'perform3_done', domain);
  return formatCookie(createCookie(whoWeAre(context, domain), { persistentXml, statistics: statisticsOf(context, domain, state) }));
}

/** What the destination keeps for the next boot. */
async function persistentForm(context: MigrationContext, domain: Domain, { persistentXml, destinationXml }: MigrationOptions): Promise<string> {
  const own = await context.migratableForm(domain, { inactive: true });
  const given = persistentXml ?? (domain.persistent ? null : destinationXml);
  const definition = given === null ? own : await sameMachine(context, own, given);
  return formatDomain(definition, { form: 'inactive', secure: true });
}

/** For the destination, which alone can tell how long the guest stood still. */
function statisticsOf(context: MigrationContext, domain: Domain, state: Outgoing): CookieStatistics | null {
  const { current } = domain.jobs.statistics();
  const began = domain.jobs.status().async;
  if (!current || !began) return null;
  return { startedMs: began.sinceWallMs, stoppedMs: state.wasRunning ? (state.watch?.stoppedAtMs ?? 0) : 0, sentMs: context.clock.wallTime(), deltaMs: null, elapsedMs: current.elapsedMs, report: reportOf(current) };
}
