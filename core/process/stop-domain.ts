/**
 * The end of a run, whoever brings it about: a destroy, the guest's own shutdown, a crash, a start that failed. Files,
 * sockets and consoles go, and one event tells of it. Of a transient domain nothing is left but its logs, which tell
 * what it was and why it ended.
 */
import { rm } from 'node:fs/promises';
import { VireoError, asVireoError } from '../base/errors.ts';
import { settlesWithin } from '../base/lifetime.ts';
import type { Domain } from '../domain/domain.ts';
import type { LifecycleEvent, StateReason } from '../domain/domain-state.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { AsyncJob, SyncJob } from '../job/handles.ts';
import { releaseHook, stoppedHook } from './call-hooks.ts';
import { endProcess } from './qemu-process.ts';
import type { ProcessContext } from './process-context.ts';
import { removeRunFolder } from './side-work.ts';
import { callOffStart } from './starts-under-way.ts';

/** The jobs under which a run may end: nothing else can begin meanwhile. */
export type EndingJob = SyncJob<'destroy'> | AsyncJob<'start'> | AsyncJob<'dump'> | AsyncJob<'save'> | AsyncJob<'migration-in'> | AsyncJob<'migration-out'>;

export interface RunEnd {
  readonly reason: StateReason<'shut off'>;
  /** Null when nobody was told of the start. */
  readonly event: LifecycleEvent | null;
}

/** Runs that are being ended: a failing start and a destroy may come to it at the same moment. */
const endings = new WeakMap<LiveDomain, Promise<void>>();

/** Ends `live` for good. The first caller does it, every other one waits for the same end. */
export function endRun(context: ProcessContext, domain: Domain, live: LiveDomain, _job: EndingJob, end: RunEnd): Promise<void> {
  const begun = endings.get(live);
  if (begun) return begun;
  const ending = finishRun(context, domain, live, end);
  endings.set(live, ending);
  ending.catch(() => {
    // The process waits in the kernel. A later destroy may try again, and its end, when it comes, is not overlooked.
    endings.delete(live);
    void live.facts.process.exited
      .then(() => endAfter(context, 'processEnd', domain, live, () => end.reason))
      .catch((error: unknown) => context.log.write('error', 'the end of a domain could not be handled', { domain: domain.name, error: asVireoError(error).message }));
  });
  return ending;
}

/** How long the end of a run waits for work under way: storage that hangs must not keep a domain that is gone. */
const lastWorkMs = 10_000;

async function finishRun(context: ProcessContext, domain: Domain, live: LiveDomain, end: RunEnd): Promise<void> {
  live.endReason ??= end.reason;
  await endProcess(live.facts.process, context.clock, false);
  live.die();
  await live.detach();
  // A step of the start may still write something down: not after it has been removed.
  if (!(await settlesWithin(live.workSettled(), context.clock, lastWorkMs))) context.log.write('warning', 'work for a domain goes on after its end', { domain: domain.name });
  await stoppedHook(context, domain, live);
  // Neither needs the other, and each has programs to wait for.
  await Promise.all([live.endCallbacks.run({ reason: end.reason, clock: context.clock, log: context.log }), removeRunFolder(live.facts.runFolder, context.clock, context.log)]);
  if (live.takesDomainFolder && domain.persistent === null) await rm(context.domainFolder(domain.uuid), { recursive: true, force: true }).catch((error: unknown) => context.log.write('error', 'what a domain kept could not be removed', { domain: domain.name, error: String(error) }));
  await releaseHook(context, domain, live, end.reason);
  await context.domainLog(domain.uuid).line(`shutting down, reason=${end.reason}`, context.clock.wallTime()).catch(() => {});
  live.ended = true;
  await context.status.remove(domain.uuid).catch((error: unknown) => context.log.write('error', 'a state file could not be removed', { domain: domain.name, error: String(error) }));
  // From here to the event nothing waits: nobody sees a domain that neither runs nor is shut off.
  domain.live = null;
  // A transient domain leaves every list with its run; the event that tells of the end carries no summary then.
  context.registry.removeIfNothing(domain);
  domain.transition({ state: 'shut off', reason: end.reason }, end.event);
  // Nobody was told of its start, but lists may have shown it starting.
  if (domain.removed && end.event === null) context.hub.vanished(domain);
}

const endEvents: Partial<Record<StateReason<'shut off'>, LifecycleEvent>> = {
  shutdown: { event: 'stopped', detail: 'shutdown' },
  destroyed: { event: 'stopped', detail: 'destroyed' },
  crashed: { event: 'stopped', detail: 'crashed' },
  failed: { event: 'stopped', detail: 'failed' },
  saved: { event: 'stopped', detail: 'saved' },
};

export function endOf(reason: StateReason<'shut off'>): RunEnd {
  return { reason, event: endEvents[reason] ?? null };
}

/**
 * Ends a domain by force. The process is told before the slot is free, because whoever holds it may wait for a QEMU
 * that answers no more; its end as the reason is written down first, so that it is never taken for a crash.
 */
export async function destroyDomain(context: ProcessContext, call: Call, domain: Domain, graceful: boolean): Promise<void> {
  if (!domain.live && (await callOffStart(domain)) && !domain.live) return;
  const { live } = domain;
  if (!live) throw new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  const reasonBefore = live.endReason;
  live.endReason ??= 'destroyed';
  try {
    await endProcess(live.facts.process, context.clock, graceful);
  } catch (error) {
    if (graceful) live.endReason = reasonBefore; // it runs on
    throw error;
  }
  try {
    await using job = await domain.jobs.begin(call, 'destroy');
    await endRun(context, domain, live, job, endOf(live.endReason ?? 'destroyed'));
  } catch (error) {
    // The reaction to the death may have been faster: what was asked for is done or under way, and a transient domain is gone.
    const begun = endings.get(live);
    if (begun && !call.signal.aborted) return await begun;
    if (domain.live === live) throw error;
  }
}

/**
 * The driver's own reaction to the end of QEMU or of the guest. It does not give up before somebody has ended the run:
 * nobody would come back to a domain whose QEMU is gone.
 */
export async function endAfter(context: ProcessContext, owner: string, domain: Domain, live: LiveDomain, reason: () => StateReason<'shut off'>): Promise<void> {
  while (domain.live === live && !context.closing.aborted) {
    const begun = endings.get(live);
    if (begun) return begun;
    try {
      await using job = await domain.jobs.begin(Call.ofDriver(owner, context.log, context.closing), 'destroy');
      return await endRun(context, domain, live, job, endOf(live.endReason ?? reason()));
    } catch (error) {
      if (domain.live !== live) return;
      if (asVireoError(error).code !== 'OPERATION_TIMEOUT') throw error;
      context.log.write('warning', 'a domain waits for its end', { domain: domain.name, error: asVireoError(error).message });
    }
  }
}
