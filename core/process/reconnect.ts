/**
 * Finding the guests of an earlier driver (F5). Each state file stands for itself: one that is broken, one whose QEMU
 * died or one whose QEMU does not answer delays no other.
 */
import path from 'node:path';
import { asVireoError, VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import { LiveDomain, type RunningProcess } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import { removeUnfinished } from '../status/read-state-file.ts';
import type { RestoredJobs } from '../job/domain-jobs.ts';
import { recordedDefinition, type StatusRecord } from '../status/status-file.ts';
import { endLeases, isLease } from '../lock/end-leases.ts';
import { adoptLeases } from '../lock/image-leases.ts';
import { agentPort } from './agent-channel.ts';
import { reconnectHook } from './call-hooks.ts';
import { MonitorEvents } from './monitor-events.ts';
import { recoveryOf } from './job-recovery.ts';
import { takeUp } from './monitor-link.ts';
import { qemuInFolder } from './orphan.ts';
import type { Places } from './places.ts';
import type { ProcessContext } from './process-context.ts';
import { adoptProcess } from './qemu-process.ts';
import { refreshRxFilters } from './rx-filter.ts';
import { removeRunFolder } from './side-work.ts';
import { recordedState, thisBoot } from './status-record.ts';
import { endAfter } from './stop-domain.ts';

/** A domain whose process is held again, and what the earlier driver had not finished on it. */
export interface AdoptedDomain {
  readonly domain: Domain;
  readonly record: StatusRecord;
  readonly unfinished: RestoredJobs;
}

/** True for the file of a run that ended with the machine: its QEMU cannot live, and nobody saw how the guest ended. */
export async function isOfEarlierBoot(record: StatusRecord): Promise<boolean> {
  return record.process.bootId !== (await thisBoot());
}

/**
 * Clears what such a run left. The domain is shut off for a reason that nobody knows, as after a reboot in libvirt, and
 * no event tells of it: it happened before this driver's time. A transient domain is gone.
 * @throws OPERATION_FAILED when its run folder belongs to a live process after all; nothing is changed.
 */
export async function forgetRun(context: ProcessContext, record: StatusRecord): Promise<void> {
  await refuseOther(context, record);
  await removeRunFolder(context.runFolder(record.uuid), context.clock, context.log);
  await endLeases(record.leases.filter(isLease));
  context.timelines.endedUnseen(record.uuid, record.id);
  await context.domainLog(record.uuid).line('shutting down, reason=unknown: the machine was started anew', context.clock.wallTime()).catch(() => {});
  await context.status.remove(record.uuid);
}

/**
 * The domain of a state file, with its process and its jobs held; monitor and consoles follow in `reconnectDomain`.
 * @throws OPERATION_FAILED when its run folder belongs to a process that the file does not name; nothing is changed.
 */
export async function adoptDomain(context: ProcessContext, record: StatusRecord): Promise<AdoptedDomain> {
  const definition = recordedDefinition(record);
  const process = await adoptProcess(record.process.pid, record.process.startTime, context.clock, context.closing);
  if (!process) await refuseOther(context, record);
  const runFolder = context.runFolder(record.uuid);
  await removeUnfinished(runFolder).catch(() => {}); // it goes with the run at the latest
  const domain = context.registry.byUuid(record.uuid) ?? context.registry.add(record.uuid, record.name, null);
  const live = new LiveDomain(
    {
      id: record.id,
      process: process ?? goneProcess(record),
      definition,
      capabilitiesKey: record.capabilitiesKey,
      emulator: record.emulator,
      qemuVersion: record.qemuVersion,
      accelerator: record.accelerator,
      // The state folder may have been moved with its sockets; what the file says of its place is not for us to remove.
      runFolder,
      monitorPath: path.join(runFolder, path.basename(record.monitorPath)),
      startedAtMs: record.startedAtMs,
      consoles: context.createConsoles(domain),
      displays: context.createDisplays(domain),
    },
    false,
  );
  live.rebootOnShutdown = record.rebootOnShutdown;
  live.pendingChanges = record.pendingChanges;
  live.autodestroy = record.autodestroy;
  adoptLeases(live, record.leases);
  live.peripherals = new Set(record.peripherals);
  for (const taint of record.taints) live.taints.add(taint);
  live.controlGroups = record.controlGroups;
  live.agentTimeoutSeconds = record.agentTimeoutSeconds;
  live.migrationBandwidthMiBps = record.migrationBandwidthMiBps;
  live.clockStartSeconds = record.clockStartSeconds;
  live.diskErrors = new Map(record.diskErrors.map((error) => [error.disk, error]));
  for (const [alias, start] of Object.entries(record.consoleStarts)) live.consoleStarts.set(alias, start);
  live.agent = agentPort(definition) === null ? 'not configured' : 'disconnected';
  context.registry.reserveId(record.id);
  domain.live = live;
  domain.restoreState(recordedState(record), record.stateSinceMs);
  // In the same step as `live`: nobody may begin a job before the unfinished one is there.
  const unfinished = domain.jobs.restore(Call.ofDriver('processRestore', context.log, context.closing), record.job);
  await context.timelines.found(domain, live, record.job.async?.kind ?? null);
  return { domain, record, unfinished };
}

/**
 * Takes the domain up again, or ends what cannot be: a start that the earlier driver did not finish is undone, a destroy
 * that it began is finished. Resolves when that is done; a QEMU that does not answer keeps it waiting as long as it
 * lives.
 * @param places shared by all that are taken up at once.
 */
export async function reconnectDomain(context: ProcessContext, adopted: AdoptedDomain, places: Places): Promise<void> {
  const { domain, record, unfinished } = adopted;
  const { live } = domain;
  if (!live) return;
  await using job = unfinished.job;
  const isOrphan = live.autodestroy !== null; // its client was the earlier driver's
  if ((record.starting && !mayHaveArrived(record)) || unfinished.destroy || isOrphan) {
    await context.atStep?.('reconnect', 'end', domain);
    live.endReason = unfinished.destroy || (isOrphan && !record.starting) ? 'destroyed' : 'failed';
    await endAfter(context, 'processReconnect', domain, live, () => 'failed');
    return;
  }
  const events = new MonitorEvents(context, domain, live);
  const goOn = job && recoveryOf(context, job);
  if (job && !goOn) await giveUp(context, domain, job);
  const finish = async (): Promise<void> => {
    events.release(); // what ends the job may be an event
    await goOn?.(context, domain);
    await job?.[Symbol.asyncDispose]();
  };
  let hooked: Promise<void> | null = null;
  const hook = async (): Promise<void> => {
    await context.atStep?.('reconnect', 'hook', domain);
    await reconnectHook(context, domain, live);
  };
  const prepare = (): Promise<void> => (hooked ??= hook());
  await takeUp(context, domain, live, events, 'processReconnect', { places, prepare, unfinished: job && goOn ? { job, finish } : undefined });
  events.release();
  // QEMU tells of a changed filter once, and may have told it to nobody.
  void refreshRxFilters(context, domain, live).catch((error: unknown) => context.log.write('warning', 'the network cards of a guest could not be asked', { domain: domain.name, error: asVireoError(error).message }));
}

/**
 * A guest that came from another host, whose source has been told that all of it is here: it may be nowhere else. Before
 * that it runs there, and this is a start like another (libvirt 11.3, qemuProcessRecoverMigrationIn).
 */
function mayHaveArrived({ job: { async: job } }: StatusRecord): boolean {
  return job?.kind === 'migration-in' && job.phase !== 'none' && job.phase !== 'prepare';
}

/**
 * Ends a job that there is nothing to do for: a start whose guest runs, so that only its end could not be saved, as on a
 * full disk; or one that this driver cannot go on with, which is no reason to end a guest.
 */
async function giveUp(context: ProcessContext, domain: Domain, job: NonNullable<RestoredJobs['job']>): Promise<void> {
  if (job.kind !== 'start') context.log.write('warning', 'a job of an earlier driver is given up', { domain: domain.name, kind: job.kind, phase: job.phase });
  await job[Symbol.asyncDispose]();
}

/**
 * The process of the state file is gone, but its run folder has another one: then the file is wrong, and to take the
 * guest for dead would let a second QEMU have its disks.
 */
async function refuseOther(context: ProcessContext, record: StatusRecord): Promise<void> {
  const pid = await qemuInFolder(context.runFolder(record.uuid));
  if (pid === null) return;
  throw new VireoError('OPERATION_FAILED', `its state file names process ${record.process.pid}, but its QEMU has pid ${pid}`, { domain: { name: record.name, uuid: record.uuid }, details: { pid } });
}

/** Stands for a QEMU that ended while no driver looked. */
function goneProcess(record: StatusRecord): RunningProcess {
  return { pid: record.process.pid, startTime: record.process.startTime, exited: Promise.resolve(), kill: async () => {} };
}

/** The reason that every API of a closing driver ends with. */
export function closingError(): VireoError {
  return new VireoError('OPERATION_ABORTED', 'the driver is closing');
}
