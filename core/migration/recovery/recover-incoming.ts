/**
 * A guest that was on its way here when the driver was killed (I12), by the phase that is on disk. Before Finish it runs
 * on its source still, and its QEMU here is ended by the reconnect. From then on the source's stands still and waits to
 * be told: once, and either that the guest runs here or that it is gone from here for good.
 */
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import { restoredMasks } from '../../job/kinds.ts';
import { startCpus } from '../../process/cpus.ts';
import { keepMadeFiles } from '../../process/made-images.ts';
import { endOf, endRun } from '../../process/stop-domain.ts';
import { type IncomingJob, IncomingMigration } from '../destination/incoming-migration.ts';
import { type IncomingRecord, readIncomingRecord, removeIncomingRecord } from '../destination/incoming-record.ts';
import { removeSocket } from '../destination/incoming-socket.ts';
import { failPostcopy } from '../destination/post-copy.ts';
import { untilArrived } from '../destination/receive.ts';
import { activateImages } from '../destination/activate-images.ts';
import type { MigrationContext } from '../migration-context.ts';
import { migrationOptionsSchema } from '../migration-options.ts';
import { noTlsParameters, removeTlsCredentials } from '../qemu/tls-credentials.ts';
import { isPostcopy, lookAtMigration } from '../qemu/migration-status.ts';
import { stopDiskServer } from '../storage/receive-disks.ts';

/** For whoever restored `job`; it ends it, but where the job stays parked. Never throws. */
export async function recoverIncoming(context: MigrationContext, domain: Domain, job: IncomingJob): Promise<void> {
  const { live } = domain;
  if (!live) return;
  const record = await readIncomingRecord(live);
  job.setMask(restoredMasks['migration-in']);
  const progress = context.migrations.begin(domain, { clock: context.clock, side: 'destination', peer: record?.peer ?? null });
  try {
    await new Recovery(context, domain, live, job, record).run();
    job.conclude();
    progress.end({ outcome: 'completed' });
  } catch (thrown) {
    if (context.closing.aborted) return;
    const error = asVireoError(thrown).about(domain.identity);
    context.log.write('warning', 'a guest that was on its way when a driver ended did not arrive', { domain: domain.name, phase: job.phase, error: error.message });
    progress.end({ error });
    if (domain.live !== live || (await keptForResume(context, domain, live, job, record))) return;
    job.conclude(error);
    await giveUp(context, domain, live, job, record).catch((failure: unknown) => context.log.write('error', 'a guest that did not arrive could not be ended', { domain: domain.name, error: asVireoError(failure).message }));
  }
}

class Recovery {
  readonly #context: MigrationContext;
  readonly #domain: Domain;
  readonly #live: LiveDomain;
  readonly #job: IncomingJob;
  readonly #record: IncomingRecord | null;

  constructor(context: MigrationContext, domain: Domain, live: LiveDomain, job: IncomingJob, record: IncomingRecord | null) {
    this.#context = context;
    this.#domain = domain;
    this.#live = live;
    this.#job = job;
    this.#record = record;
  }

  /** @throws why the guest is not here. */
  async run(): Promise<void> {
    const context = this.#context;
    const job = this.#job;
    const scene = { context, domain: this.#domain, live: this.#live };
    const runs = this.#domain.state === 'running';
    if (job.phase === 'finish3' && !runs && !(await this.#isPostcopy())) throw new VireoError('OPERATION_FAILED', 'nobody knows whether its source was told that it runs here');
    if (job.phase === 'finish2' || job.phase === 'finish3') {
      const came = await untilArrived(scene, job, { whole: false });
      if (!runs) await this.#letRun();
      if (came === 'whole') return;
    }
    await untilArrived(scene, job, { whole: true });
  }

  async #isPostcopy(): Promise<boolean> {
    return isPostcopy((await this.#job.nest((monitor) => lookAtMigration(monitor))).value.status);
  }

  /** All of it is here, and its source has sent all: it may only be that nobody has let it run yet. */
  async #letRun(): Promise<void> {
    const context = this.#context;
    const domain = this.#domain;
    const live = this.#live;
    const record = this.#record;
    if (record?.persistentXml && !domain.persistent) await context.persist(domain, { ...(await context.readDefinition(record.persistentXml)), uuid: domain.uuid, name: domain.name });
    await this.#job.nest(async (monitor) => {
      await stopDiskServer(monitor);
      if (record?.options.tls === true) {
        await monitor.execute('migrate-set-parameters', noTlsParameters);
        await removeTlsCredentials(monitor);
      }
    });
    await keepMadeFiles(live.facts.runFolder); // its disks, from its first instruction on
    domain.transition({ state: 'paused', reason: 'migrating' }, { event: 'started', detail: 'migrated' });
    if (record?.paused === true) {
      await this.#job.nest((monitor) => activateImages(monitor));
      domain.transition({ state: 'paused', reason: 'user' }, { event: 'suspended', detail: 'paused' });
    } else {
      await this.#job.nest((monitor) => startCpus(monitor, domain, live, 'migrated'));
    }
    if (record?.socket) await removeSocket(record.socket);
    await removeIncomingRecord(live);
    await context.saveStatus(domain);
  }
}

/** Neither host has the whole guest: the job stays until somebody resumes the migration or destroys the guest. */
async function keptForResume(context: MigrationContext, domain: Domain, live: LiveDomain, job: IncomingJob, record: IncomingRecord | null): Promise<boolean> {
  const status = await job.nest((monitor) => lookAtMigration(monitor)).then(({ value }) => value.status, () => null);
  if (status === null || !isPostcopy(status)) return false;
  const options = record?.options ?? migrationOptionsSchema.parse({ live: true, postcopy: true });
  const request = { uuid: domain.uuid, name: record?.sourceName ?? domain.name, xml: '', cookie: '', options };
  const incoming = IncomingMigration.found({ context, domain, request }, live);
  await failPostcopy(incoming, job, new VireoError('OPERATION_FAILED', 'the connection to the source was lost in post-copy'));
  return true;
}

/** Nothing stays of a guest that is not here; a domain that was defined before is so again. */
async function giveUp(context: MigrationContext, domain: Domain, live: LiveDomain, job: IncomingJob, record: IncomingRecord | null): Promise<void> {
  if (record?.socket) await removeSocket(record.socket);
  await endRun(context, domain, live, job, endOf(live.endReason ?? 'failed'));
  if (!record?.before) return;
  const { xml } = record.before;
  if (xml !== null) await context.persist(domain, await context.readDefinition(xml));
  else if (domain.persistent) await context.forget(domain);
}
