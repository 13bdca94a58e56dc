/** Begin, on the source: may this domain move, and as what (I1). */
import { VireoError, asVireoError } from '../../base/errors.ts';
import { formatDomain } from '../../devices/domain-xml.ts';
import type { Domain } from '../../domain/domain.ts';
import type { Call } from '../../job/call.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { offeredLeases } from '../../lock/lease-hand-over.ts';
import { formatCookie } from '../cookie/format-cookie.ts';
import { createCookie, type CookieCapability, type MigrationCookie } from '../cookie/migration-cookie.ts';
import type { MigrationContext } from '../migration-context.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { checkMigrationOptions } from '../qemu/option-rules.ts';
import { readMigration } from '../qemu/migration-status.ts';
import { requireCertificates } from '../qemu/tls-credentials.ts';
import { planCopies } from '../storage/copy-plan.ts';
import { blockJobBlockers, deviceBlockers, qemuBlockers, type SharedWith, stateBlockers, unsafeDisks } from './blockers.ts';
import { type Begun, definitionToSend, whoWeAre } from './what-goes.ts';
import { beginOutgoing, endOutgoing, outgoingOf, parkOutgoing } from './outgoing.ts';
import { beginResume } from './resume.ts';

/**
 * The job is parked between phases for whoever calls them: the leader's call has no `clientGone` and always goes on to
 * Perform and Confirm; a client that leads by itself loses the job when its connection closes.
 * @throws why it may not move; nothing has been begun then.
 */
export async function beginMigration(context: MigrationContext, call: Call, domain: Domain, options: MigrationOptions, sharedWith: SharedWith = { sameComputer: false }): Promise<Begun> {
  checkMigrationOptions(options);
  if (options.postcopyResume) return await beginResume(context, call, domain, options);
  refuse(stateBlockers(domain, options)); // at once, and not only when the job that holds it ends
  if (outgoingOf(domain)) throw new VireoError('OPERATION_INVALID', `another migration job is already running for domain '${domain.name}'`, { domain: domain.identity });
  const job = await domain.jobs.beginAsync(call, 'migration-out');
  try {
    refuse(stateBlockers(domain, options));
    await job.setPhase('begin3');
    await context.atStep?.('migration-out', 'begin3', domain);
    const begun = await underJob(context, domain, job, options, sharedWith);
    beginOutgoing(domain, options, call.client);
    if (!options.changeProtection) {
      endOutgoing(domain);
      await job[Symbol.asyncDispose]();
      return begun;
    }
    if (!context.migrations.running(domain.uuid)) context.migrations.begin(domain, { clock: context.clock, side: 'source' });
    await parkOutgoing(context, call, domain, job, async (parked) => {
      const error = new VireoError('OPERATION_FAILED', 'whoever began the migration has left it');
      endOutgoing(domain);
      parked.conclude(error);
      context.migrations.running(domain.uuid)?.end({ error });
    });
    return begun;
  } catch (thrown) {
    endOutgoing(domain);
    await job[Symbol.asyncDispose]();
    throw asVireoError(thrown).about(domain.identity);
  }
}

async function underJob(context: MigrationContext, domain: Domain, job: AsyncJob<'migration-out'>, options: MigrationOptions, sharedWith: SharedWith): Promise<Begun> {
  const { live } = domain;
  if (!live || options.offline) {
    const definition = await definitionToSend(context, domain, options);
    return { xml: formatDomain(definition, { form: 'inactive', secure: true }), cookie: formatCookie(createCookie(whoWeAre(context, domain))) };
  }
  if (options.tls) await requireCertificates(context.settings, 'source');
  refuse(deviceBlockers(live.definition));
  refuse(await unsafeDisks(live.definition, options, sharedWith));
  const { value: told } = await job.nest(async (monitor) => ({
    migration: readMigration(await monitor.query('query-migrate')),
    blockJobs: await monitor.query('query-block-jobs'),
    capabilities: await monitor.query('query-migrate-capabilities'),
    nodes: options.copyStorage === 'none' ? [] : await monitor.query('query-named-block-nodes', { flat: true }),
  }));
  refuse(qemuBlockers(told.migration.blockedReasons));
  refuse(blockJobBlockers(told.blockJobs));
  const definition = await definitionToSend(context, domain, options);
  const plan = planCopies(live.definition, options);
  const nbd: MigrationCookie['nbd'] =
    plan.disks.length === 0
      ? null
      : { port: null, disks: plan.disks.map(({ target, node }) => ({ target, capacityBytes: told.nodes.find((each) => each['node-name'] === node)?.image['virtual-size'] ?? 0 })) };
  const capabilities: readonly CookieCapability[] = told.capabilities.map(({ capability }) => ({ name: capability, automatic: capability === 'pause-before-switchover' }));
  const cookie = createCookie(whoWeAre(context, domain), { nbd, capabilities, lockState: offeredLeases(context), features: nbd ? ['nbd'] : [] });
  return { xml: formatDomain(definition, { form: 'inactive', secure: true }), cookie: formatCookie(cookie) };
}

function refuse(blockers: readonly { readonly error: VireoError }[]): void {
  const [first] = blockers;
  if (first) throw first.error;
}
