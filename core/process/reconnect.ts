/**
 * Finding the guests of an earlier driver (F5). Each state file stands for itself: one that is broken, one whose QEMU
 * died or one whose QEMU does not answer delays no other.
 */
import { VireoError } from '../base/errors.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { LiveDomain, type RunningProcess } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { RestoredJobs } from '../job/domain-jobs.ts';
import type { StatusRecord } from '../status/status-file.ts';
import { agentPort } from './agent-channel.ts';
import { MonitorEvents } from './monitor-events.ts';
import { takeUp } from './monitor-link.ts';
import type { ProcessContext } from './process-context.ts';
import { adoptProcess } from './qemu-process.ts';
import { recordedState, thisBoot } from './status-record.ts';
import { endAfter } from './stop-domain.ts';

/** A domain whose process is held again, and what the earlier driver had not finished on it. */
export interface AdoptedDomain {
  readonly domain: Domain;
  readonly record: StatusRecord;
  readonly unfinished: RestoredJobs;
}

/** The domain of a state file, with its process and its jobs held; monitor and consoles follow in `reconnectDomain`. */
export async function adoptDomain(context: ProcessContext, record: StatusRecord): Promise<AdoptedDomain> {
  const definition = parseDomain(record.xml, { source: `state file of ${record.name}`, form: 'live' });
  const domain = context.registry.byUuid(record.uuid) ?? context.registry.add(record.uuid, record.name, null);
  const sameBoot = record.process.bootId === (await thisBoot());
  const process = sameBoot ? await adoptProcess(record.process.pid, record.process.startTime, context.clock, context.closing) : null;
  const live = new LiveDomain(
    {
      id: record.id,
      process: process ?? goneProcess(record),
      definition,
      capabilitiesKey: record.capabilitiesKey,
      emulator: record.emulator,
      qemuVersion: record.qemuVersion,
      accelerator: record.accelerator,
      runFolder: record.runFolder,
      monitorPath: record.monitorPath,
      startedAtMs: record.startedAtMs,
      consoles: context.createConsoles(domain),
    },
    false,
  );
  live.rebootOnShutdown = record.rebootOnShutdown;
  live.pendingChanges = record.pendingChanges;
  for (const taint of record.taints) live.taints.add(taint);
  for (const [alias, start] of Object.entries(record.consoleStarts)) live.consoleStarts.set(alias, start);
  live.agent = agentPort(definition) === null ? 'not configured' : 'disconnected';
  context.registry.reserveId(record.id);
  domain.live = live;
  domain.restoreState(recordedState(record), record.stateSinceMs);
  // In the same step as `live`: nobody may begin a job before the unfinished one is there.
  const unfinished = domain.jobs.restore(Call.ofDriver('processRestore', context.log, context.closing), record.job);
  return { domain, record, unfinished };
}

/**
 * Takes the domain up again, or ends what cannot be: a start that the earlier driver did not finish is undone, a destroy
 * that it began is finished. Resolves when that is done; a QEMU that does not answer keeps it waiting as long as it
 * lives.
 */
export async function reconnectDomain(context: ProcessContext, adopted: AdoptedDomain): Promise<void> {
  const { domain, record, unfinished } = adopted;
  const { live } = domain;
  if (!live) return;
  // A start is the one long job so far; those that can be taken up again will be, each by its own module.
  await using _unfinishedJob = unfinished.job;
  if (record.starting || unfinished.job || unfinished.destroy) {
    live.endReason = unfinished.destroy ? 'destroyed' : 'failed';
    await endAfter(context, 'processReconnect', domain, live, () => 'failed');
    return;
  }
  const events = new MonitorEvents(context, domain, live);
  await takeUp(context, domain, live, events, 'processReconnect');
  events.release();
}

/** Stands for a QEMU that ended while no driver looked. */
function goneProcess(record: StatusRecord): RunningProcess {
  return { pid: record.process.pid, startTime: record.process.startTime, exited: Promise.resolve(), kill: async () => {} };
}

/** The reason that every API of a closing driver ends with. */
export function closingError(): VireoError {
  return new VireoError('OPERATION_ABORTED', 'the driver is closing');
}
