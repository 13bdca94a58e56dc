/** Goes on with a post-copy migration whose link broke: the same phases, over a new connection (VIR_MIGRATE_POSTCOPY_RESUME). */
import { VireoError, asVireoError } from '../../base/errors.ts';
import { formatDomain } from '../../devices/domain-xml.ts';
import type { Domain } from '../../domain/domain.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { formatCookie } from '../cookie/format-cookie.ts';
import { createCookie } from '../cookie/migration-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import { MigrationWatch } from '../qemu/migration-watch.ts';
import { type Begun, whoWeAre } from './what-goes.ts';
import { qemuUri } from './qemu-uri.ts';
import { adoptOutgoing, type Outgoing, outgoingOf, parkOutgoing } from './outgoing.ts';
import type { PerformRequest } from './perform.ts';
import { failPostcopy, waitForResume } from './postcopy.ts';

/** @throws OPERATION_INVALID, ARGUMENT_UNSUPPORTED in libvirt's words where there is nothing to resume. */
export async function beginResume(context: MigrationContext, call: Call, domain: Domain, options: MigrationOptions): Promise<Begun> {
  if (!options.changeProtection) throw new VireoError('ARGUMENT_UNSUPPORTED', 'resuming failed post-copy migration requires change protection');
  requireFailed(domain);
  const { job } = await adoptOutgoing(call, domain);
  try {
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    if (!isPostcopy(look.status)) throw new VireoError('OPERATION_INVALID', `migration of domain ${domain.name} is not in post-copy phase`);
    if (look.status === 'postcopy-active') throw new VireoError('OPERATION_INVALID', 'QEMU reports migration is still running');
    await job.setPhase('begin_resume');
    const definition = await context.migratableForm(domain, { inactive: false });
    const begun = { xml: formatDomain(definition, { form: 'inactive', secure: true }), cookie: formatCookie(createCookie(whoWeAre(context, domain))) };
    await parkOutgoing(context, call, domain, job, (parked) => stayFailed(context, domain, parked, new VireoError('OPERATION_FAILED', 'whoever began to resume the migration has left it')));
    return begun;
  } catch (thrown) {
    const error = asVireoError(thrown).about(domain.identity);
    if (!context.closing.aborted) await stayFailed(context, domain, job, error);
    throw error;
  }
}

function requireFailed(domain: Domain): void {
  const state = outgoingOf(domain);
  const refuse = (text: string): never => {
    throw new VireoError('OPERATION_INVALID', text, { domain: domain.identity });
  };
  if (!state?.postcopy) return refuse(`migration of domain ${domain.name} is not in post-copy phase`);
  const phase = domain.jobs.status().async?.phase;
  if (phase === 'begin_resume' || phase === 'perform_resume' || phase === 'confirm_resume') return refuse(`resuming failed post-copy migration of domain ${domain.name} already in progress`);
  if (!state.ticket) return refuse(`migration of domain ${domain.name} is being actively monitored by another thread`);
  if (phase !== 'postcopy_failed') refuse(`post-copy migration of domain ${domain.name} has not failed`);
}

/** It failed again, or nobody came: it waits as before. */
async function stayFailed(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, error: VireoError): Promise<void> {
  await failPostcopy(context, domain, job);
  await waitForResume(context, domain, job, error);
}

/** Perform: QEMU sends what is left over a new connection. @returns the cookie for Finish. @throws why not; the caller leaves it failed. */
export async function resumeSending(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, state: Outgoing, request: PerformRequest): Promise<string> {
  const { live } = domain;
  if (!live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  await job.setPhase('perform_resume');
  const progress = context.migrations.running(domain.uuid);
  using watch = new MigrationWatch(live, () => context.clock.wallTime());
  await context.domainLog(domain.uuid).line('resuming migration', context.clock.wallTime()).catch(() => {});
  await job.nest((monitor) => monitor.execute('migrate', { uri: qemuUri(request.uri), resume: true }));
  for (;;) {
    const { changeCount } = watch;
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    if (look.status === 'postcopy-active' || look.status === 'completed') break;
    if (look.status === 'failed' || (look.status === 'postcopy-paused' && watch.status === 'postcopy-paused')) {
      throw new VireoError('OPERATION_FAILED', `job 'migration out' failed in post-copy phase${look.error === null ? '' : `: ${look.error}`}`);
    }
    using change = watch.nextChange(changeCount);
    await context.clock.sleep(250, change.signal);
    live.died.throwIfAborted();
  }
  state.postcopy = true;
  domain.transition({ state: 'paused', reason: 'post-copy' }, { event: 'suspended', detail: 'postcopy' });
  progress?.stage('post-copy');
  return formatCookie(createCookie(whoWeAre(context, domain)));
}
