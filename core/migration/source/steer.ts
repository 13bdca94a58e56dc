/** The levers of a migration that runs, and of those to come (I5). What is set while one runs holds for that one at once. */
import { VireoError } from '../../base/errors.ts';
import type { Domain } from '../../domain/domain.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { Call } from '../../job/call.ts';
import type { WriteMonitor } from '../../job/domain-run.ts';
import type { MigrationContext } from '../migration-context.ts';
import { bandwidthBytes, bandwidthMiBps, unlimitedBytesPerSecond } from '../qemu/bandwidth.ts';
import { freeThrottle, heldThrottle } from '../qemu/migration-setup.ts';
import { outgoingOf } from './outgoing.ts';

/** @throws OVERFLOW, OPERATION_INVALID `domain is not running`. */
export async function setMaxSpeed(context: MigrationContext, call: Call, domain: Domain, { bandwidthMiBps: mibps, postcopy }: { readonly bandwidthMiBps: number; readonly postcopy: boolean }): Promise<void> {
  const bytes = mibps === 0 ? unlimitedBytesPerSecond : bandwidthBytes(mibps);
  await withMonitor(call, domain, async (monitor, live) => {
    // For post-copy QEMU's own word for "no limit" is 0.
    await monitor.execute('migrate-set-parameters', postcopy ? { 'max-postcopy-bandwidth': mibps === 0 ? 0 : bytes } : { 'max-bandwidth': bytes });
    if (postcopy) return;
    live.migrationBandwidthMiBps = mibps;
    await context.saveStatus(domain);
    context.migrations.running(domain.uuid)?.settings({ bandwidthMiBps: mibps });
  });
  const copy = postcopy ? null : (outgoingOf(domain)?.copy ?? null);
  await copy?.setSpeed(mibps === 0 ? 0 : bytes);
}

/** 0 is no limit. */
export async function getMaxSpeed(_context: MigrationContext, call: Call, domain: Domain, { postcopy }: { readonly postcopy: boolean }): Promise<number> {
  if (!postcopy) return requireLive(domain).migrationBandwidthMiBps;
  return bandwidthMiBps((await parametersOf(call, domain))['max-postcopy-bandwidth'] ?? 0);
}

export async function setMaxDowntime(context: MigrationContext, call: Call, domain: Domain, downtimeMs: number): Promise<void> {
  await withMonitor(call, domain, async (monitor) => {
    await monitor.execute('migrate-set-parameters', { 'downtime-limit': downtimeMs });
    context.migrations.running(domain.uuid)?.settings({ maxDowntimeMs: downtimeMs });
  });
}

export async function getMaxDowntime(_context: MigrationContext, call: Call, domain: Domain): Promise<number> {
  const limit = (await parametersOf(call, domain))['downtime-limit'];
  if (limit === undefined) throw new VireoError('OPERATION_INVALID', 'Querying migration downtime is not supported by QEMU binary', { domain: domain.identity });
  return limit;
}

/** @throws OPERATION_UNSUPPORTED where this QEMU has no XBZRLE, and what QEMU says of the size. */
export async function setCompressionCache(_context: MigrationContext, call: Call, domain: Domain, cacheBytes: number): Promise<void> {
  await withMonitor(call, domain, async (monitor) => {
    requireCache(domain, (await monitor.query('query-migrate-parameters'))['xbzrle-cache-size']);
    await monitor.execute('migrate-set-parameters', { 'xbzrle-cache-size': cacheBytes });
  });
}

export async function getCompressionCache(_context: MigrationContext, call: Call, domain: Domain): Promise<number> {
  return requireCache(domain, (await parametersOf(call, domain))['xbzrle-cache-size']);
}

function requireCache(domain: Domain, bytes: number | undefined): number {
  if (bytes === undefined) throw new VireoError('OPERATION_UNSUPPORTED', 'Compressed migration is not supported by QEMU binary', { domain: domain.identity });
  return bytes;
}

/** QEMU switches at the end of the pass. @throws OPERATION_INVALID where none goes out, or where it was begun without. */
export async function startPostCopy(_context: MigrationContext, call: Call, domain: Domain): Promise<void> {
  await withMonitor(call, domain, async (monitor) => {
    const going = requireOutgoing(domain, 'post-copy can only be started while outgoing migration is in progress');
    if (!going.options.postcopy) throw new VireoError('OPERATION_INVALID', 'switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag', { domain: domain.identity });
    await monitor.execute('migrate-start-postcopy');
  });
}

/** Breaks the link of a migration in post-copy, so that it can be resumed over another (VIR_DOMAIN_ABORT_JOB_POSTCOPY). @throws OPERATION_INVALID where none is in post-copy. */
export async function pausePostCopy(_context: MigrationContext, call: Call, domain: Domain): Promise<void> {
  await withMonitor(call, domain, async (monitor) => {
    if (!requireOutgoing(domain, 'current job is not outgoing migration in post-copy mode').postcopy) throw new VireoError('OPERATION_INVALID', 'current job is not outgoing migration in post-copy mode', { domain: domain.identity });
    await monitor.execute('migrate-pause');
  });
}

/** Slows the guest's CPUs until it changes less than the link carries, or lets them go again. @throws OPERATION_INVALID, OPERATION_UNSUPPORTED. */
export async function setAutoConverge(context: MigrationContext, call: Call, domain: Domain, on: boolean): Promise<void> {
  await withMonitor(call, domain, async (monitor) => {
    const going = requireOutgoing(domain, 'a guest is slowed only while outgoing migration is in progress');
    const armed = await monitor.query('query-migrate-capabilities');
    if (!armed.some(({ capability, state }) => capability === 'auto-converge' && state)) throw new VireoError('OPERATION_UNSUPPORTED', 'this QEMU slows a guest only in a migration that was begun with auto-converge', { domain: domain.identity });
    await monitor.execute('migrate-set-parameters', on ? freeThrottle(going.options) : heldThrottle);
    context.migrations.running(domain.uuid)?.settings({ slowed: on });
  });
}

function requireOutgoing(domain: Domain, words: string): NonNullable<ReturnType<typeof outgoingOf>> {
  const going = outgoingOf(domain);
  if (!going || domain.jobs.status().async?.kind !== 'migration-out') throw new VireoError('OPERATION_INVALID', words, { domain: domain.identity });
  return going;
}

function requireLive(domain: Domain): LiveDomain {
  if (!domain.live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  return domain.live;
}

async function withMonitor(call: Call, domain: Domain, work: (monitor: WriteMonitor, live: LiveDomain) => Promise<void>): Promise<void> {
  requireLive(domain); // at once, and not only when a job that bars this ends
  await using job = await domain.jobs.begin(call, 'migration-op');
  const monitor = job.monitor();
  await work(monitor, requireLive(domain));
}

async function parametersOf(call: Call, domain: Domain) {
  requireLive(domain);
  await using job = await domain.jobs.begin(call, 'query');
  return await job.monitor().query('query-migrate-parameters');
}
