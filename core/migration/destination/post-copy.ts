/** A guest that runs here before all of it is here, and what becomes of it when the rest does not come. */
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { Call } from '../../job/call.ts';
import { startCpus } from '../../process/cpus.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { PrepareRequest } from '../migration-target.ts';
import { isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import { MigrationWatch } from '../qemu/migration-watch.ts';
import { type IncomingJob, type IncomingMigration, incomingOf } from './incoming-migration.ts';
import { listenFor } from './listen.ts';
import { untilArrived } from './receive.ts';

/** For whom the job waits that nobody has: whoever resumes the migration. */
const resumer = 'resumed post-copy';

/** It runs, and what it touches that is not here yet is fetched. @throws OPERATION_FAILED where the link breaks. */
export async function fetchTheRest(incoming: IncomingMigration, job: IncomingJob): Promise<void> {
  const { domain, progress } = incoming;
  job.setMask(['query', 'modify-migration-safe']);
  progress.stage('post-copy');
  if (domain.state === 'running') domain.transition({ state: 'running', reason: 'post-copy' }, { event: 'resumed', detail: 'postcopy' });
  await untilArrived(incoming, job, { whole: true });
  if (domain.state === 'running') domain.transition({ state: 'running', reason: 'migrated' }, { event: 'resumed', detail: 'migrated' });
}

/**
 * The link broke: neither host has the whole guest. Its CPUs stop by themselves at the first page that is missing; they are
 * not told to, for QEMU would wait for one that stands in the middle of such a page. The job stays, for whoever resumes
 * the migration or destroys the guest.
 */
export async function failPostcopy(incoming: IncomingMigration, job: IncomingJob, thrown: unknown): Promise<VireoError> {
  const { domain, context } = incoming;
  const error = asVireoError(thrown).about(domain.identity);
  if (domain.state === 'running') domain.transition({ state: 'running', reason: 'post-copy failed' }, { event: 'resumed', detail: 'postcopy-failed' });
  else domain.transition({ state: 'paused', reason: 'post-copy failed' }, { event: 'suspended', detail: 'postcopy-failed' });
  job.setMask(['query', 'modify-migration-safe']);
  await incoming.phase(job, 'postcopy_failed').catch((failure: unknown) => context.log.write('error', 'the phase of a migration could not be saved', { domain: domain.name, error: asVireoError(failure).message }));
  await incoming.park(job, resumer, null);
  return error;
}

/** How long QEMU may take to see that a link is gone, once it was told. */
const pausingMs = 20_000;

/**
 * Prepare, for a migration that is gone on with: QEMU listens again for what it has not got yet (VIR_MIGRATE_POSTCOPY_RESUME).
 * @returns what the source is to connect to. @throws OPERATION_INVALID in libvirt's words where there is nothing to resume.
 */
export async function prepareResume(context: MigrationContext, call: Call, { uuid, name, options }: PrepareRequest): Promise<string> {
  const domain = context.registry.byUuid(uuid.toLowerCase());
  const incoming = domain && incomingOf(domain);
  if (!incoming) throw new VireoError('OPERATION_INVALID', `migration of domain ${name} is not in post-copy phase`, { details: { uuid } });
  const job = await incoming.adopt(call);
  try {
    await incoming.phase(job, 'prepare_resume');
    await untilPaused(incoming, job);
    const listening = await listenFor(context, options, async (uri) => void (await job.nest((monitor) => monitor.execute('migrate-recover', { uri }))));
    incoming.kept.use(listening);
    await incoming.park(job, call.client, call.clientGone);
    return listening.uri;
  } catch (thrown) {
    throw await failPostcopy(incoming, job, thrown);
  }
}

/** QEMU takes a new connection only once it has given up the old one. */
async function untilPaused({ context: { clock }, live, domain }: IncomingMigration, job: IncomingJob): Promise<void> {
  using watch = new MigrationWatch(live, () => clock.wallTime());
  const untilMs = clock.now() + pausingMs;
  for (let told = false; ; ) {
    using change = watch.nextChange();
    const { value: look } = await job.nest((monitor) => lookAtMigration(monitor));
    if (look.status === 'postcopy-paused') return;
    if (!isPostcopy(look.status)) throw new VireoError('OPERATION_INVALID', `migration of domain ${domain.name} is not in post-copy phase`, { domain: domain.identity });
    if (clock.now() >= untilMs) throw new VireoError('OPERATION_TIMEOUT', 'QEMU does not give up the connection that the migration had before', { domain: domain.identity });
    if (!told) await job.nest((monitor) => monitor.execute('migrate-pause')).catch(() => {}); // it may have seen it by itself meanwhile
    told = true;
    await clock.sleep(250, AbortSignal.any([change.signal, live.died]));
    live.died.throwIfAborted();
  }
}

/** Finish, for such a migration: the rest comes. A guest whose CPUs never ran here does so now. @throws where the link breaks again. */
export async function finishResume(incoming: IncomingMigration, job: IncomingJob, paused: boolean): Promise<void> {
  const { domain, live } = incoming;
  await incoming.phase(job, 'finish_resume');
  if (domain.state === 'paused' && !paused) await job.nest((monitor) => startCpus(monitor, domain, live, 'post-copy'));
  await fetchTheRest(incoming, job);
}
