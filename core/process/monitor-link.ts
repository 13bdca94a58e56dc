/**
 * The monitor of one run: connected, watched for silence, and opened again when what it said made no sense. A QEMU that
 * does not answer is never taken for a dead one: it may be stopped by a debugger or wait for its storage, and only a
 * person can tell. One that is gone, or whose socket is, ends the run.
 */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { WriteMonitor } from '../job/domain-run.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { AsyncKind } from '../job/kinds.ts';
import { Monitor, type MonitorEnd } from '../monitor/monitor.ts';
import { consoleDevices } from './console-devices.ts';
import { afterPanic, afterShutdown, afterWatchdog } from './lifecycle-actions.ts';
import type { MonitorEvents } from './monitor-events.ts';
import type { Places } from './places.ts';
import type { ProcessContext } from './process-context.ts';
import { refreshDevices } from './refresh-devices.ts';
import { type FoundEnd, refreshDomain } from './refresh-domain.ts';
import { endAfter } from './stop-domain.ts';

/** QEMU said something senseless, or nothing: asking it at once again and again would help nobody. */
const pauseAfterFailureMs = 500;

interface ConnectOptions {
  /** How long the socket, the greeting and the negotiation may take in all. */
  readonly deadlineMs: number;
  /** After a start the socket is yet to come; later its absence means that nobody can command this QEMU. */
  readonly waitForSocket: boolean;
}

/**
 * Connects the monitor and has its end reported after all its events.
 * @throws OPERATION_FAILED when QEMU is gone, OPERATION_TIMEOUT, and why the run or the driver ends.
 */
export async function connectMonitor(context: ProcessContext, domain: Domain, live: LiveDomain, events: MonitorEvents, options: ConnectOptions): Promise<void> {
  const gone = new AbortController();
  void live.facts.process.exited.then(() => gone.abort(new VireoError('OPERATION_FAILED', 'QEMU exited before its monitor answered')));
  const monitor = await Monitor.connect({
    path: live.facts.monitorPath,
    clock: context.clock,
    log: context.log,
    signal: AbortSignal.any([gone.signal, context.closing, live.died]),
    onEvent: (event) => {
      context.timelines.qmp(domain, event);
      events.receive(event);
    },
    ...options,
  });
  if (live.died.aborted) {
    await monitor.close(); // the run ended between the connection and now: nobody else would close it
    live.died.throwIfAborted();
  }
  live.attachMonitor(monitor);
  monitor.watchSilence(context.silenceMs, (answering) => {
    if (answering.state === 'silent') tellSilence(context, domain, answering.command);
    else domain.changed();
  });
  const ended = (): void => {
    if (endOfMonitor(monitor) === 'protocol') {
      live.unreachedSinceMs = context.clock.now();
      tellSilence(context, domain, 'what it sent is not QMP');
      events.afterwards(() => takeUp(context, domain, live, events, 'processMonitorError'));
      return;
    }
    live.die();
    events.ended();
  };
  if (monitor.closed.aborted) ended();
  else monitor.closed.addEventListener('abort', ended, { once: true });
}

function endOfMonitor(monitor: Monitor): MonitorEnd {
  return (monitor.closed.reason as VireoError).details['monitor'] as MonitorEnd;
}

function tellSilence(context: ProcessContext, domain: Domain, about: string): void {
  context.hub.happened(domain, 'control-error', `QEMU not answering (${about})`);
}

/** A long job of an earlier driver: the monitor is reached under it, since it bars every other job until it is gone on with. */
export interface UnfinishedJob {
  readonly job: Pick<AsyncJob<AsyncKind>, 'nest'>;
  /** Goes on with it, and ends it; never throws. */
  finish(): Promise<void>;
}

export interface TakeUpOptions {
  readonly unfinished?: UnfinishedJob | undefined;
  /** Shared by those that are taken up at once. */
  readonly places?: Places | undefined;
  /** What comes before the monitor, under the same job; asked again with every attempt. Never throws. */
  readonly prepare?: () => Promise<void>;
}

/**
 * Opens the monitor of a running QEMU and brings the domain up to date. It holds a job all the while, so that whoever
 * comes waits and is told by whom; a destroy passes, because it ends the process first. Resolves when the domain is
 * reached, or ended because nobody can command its QEMU any more.
 */
export async function takeUp(context: ProcessContext, domain: Domain, live: LiveDomain, events: MonitorEvents, owner: string, options: TakeUpOptions = {}): Promise<void> {
  const { unfinished } = options;
  const call = Call.ofDriver(owner, context.log, context.closing);
  for (;;) {
    try {
      const found = await reachAndRefresh(context, call, domain, live, events, options);
      domain.changed();
      await unfinished?.finish();
      if (found !== null && domain.live === live) await reactTo(found, context, domain, live);
      return;
    } catch (thrown) {
      if (context.closing.aborted || domain.live !== live) return;
      const error = asVireoError(thrown);
      context.log.write('warning', 'a running domain could not be reached', { domain: domain.name, error: error.message });
      if (!live.died.aborted && mayAnswerLater(error)) {
        await context.clock.sleep(pauseAfterFailureMs, AbortSignal.any([context.closing, live.died]));
        continue;
      }
      // It can be commanded, only not all of it was understood: no reason to end a guest.
      if (live.isMonitorOpen && !live.died.aborted) return domain.changed();
      // Nobody can command this QEMU any more: ending it keeps a second one from writing its disks (as libvirt does).
      await endAfter(context, owner, domain, live, () => (domain.state === 'in shutdown' ? 'shutdown' : 'crashed'));
      return;
    }
  }
}

async function reachAndRefresh(context: ProcessContext, call: Call, domain: Domain, live: LiveDomain, events: MonitorEvents, { unfinished, places, prepare }: TakeUpOptions): Promise<FoundEnd | null> {
  const inPlace = <T>(work: () => Promise<T>): Promise<T> => (places ? places.run(work) : work());
  if (unfinished) {
    await prepare?.();
    return await inPlace(async () => {
      await reachMonitor(context, domain, live, events);
      return (await unfinished.job.nest((monitor) => refresh(context, domain, live, monitor))).value;
    });
  }
  await using job = await domain.jobs.begin(call, 'modify'); // before it waits for a place: nobody finds a domain without a monitor
  await prepare?.();
  return await inPlace(async () => {
    await reachMonitor(context, domain, live, events);
    return await refresh(context, domain, live, job.monitor());
  });
}

async function refresh(context: ProcessContext, domain: Domain, live: LiveDomain, monitor: WriteMonitor): Promise<FoundEnd | null> {
  const found = await refreshDomain(domain, live, monitor);
  await refreshDevices(context, domain, live, monitor);
  await addConsoles(context, domain, live);
  live.markReached();
  await context.saveStatus(domain).catch((error: unknown) => {
    // A full disk is no reason to end a guest.
    context.log.write('error', 'the state of a domain could not be saved', { domain: domain.name, error: asVireoError(error).message });
  });
  return found;
}

/** A shutdown is waited for, because it ends soon; what a dump belongs to may last, and reacts by itself. */
async function reactTo(found: FoundEnd, context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  if (found === 'shut down') return await afterShutdown(context, domain, live);
  const reaction = found === 'panicked' ? afterPanic(context, domain, live, 'found') : afterWatchdog(context, domain, live);
  reaction.catch((error: unknown) => {
    if (domain.live === live && !context.closing.aborted) context.log.write('error', 'what a guest met while no driver looked could not be reacted to', { domain: domain.name, found, error: asVireoError(error).message });
  });
}

/** A connection that waits in QEMU's queue is answered the moment QEMU goes on, so one attempt lasts long. */
const attemptMs = 3_600_000;
const longestPauseMs = 10_000;

async function reachMonitor(context: ProcessContext, domain: Domain, live: LiveDomain, events: MonitorEvents): Promise<void> {
  if (live.isMonitorOpen) return;
  const { clock } = context;
  const beganMs = live.unreachedSinceMs ?? clock.now();
  const reached = new AbortController();
  void clock.sleep(context.silenceMs, reached.signal).then(() => {
    if (reached.signal.aborted || live.unreachedSinceMs !== null) return;
    live.unreachedSinceMs = beganMs;
    tellSilence(context, domain, 'connecting');
  });
  try {
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await connectMonitor(context, domain, live, events, { deadlineMs: attemptMs, waitForSocket: false });
      } catch (error) {
        if (!mayAnswerLater(asVireoError(error))) throw error;
        context.log.write('debug', 'the monitor did not answer', { domain: domain.name, error: asVireoError(error).message });
      }
      await clock.sleep(pauseMs, AbortSignal.any([context.closing, live.died]));
    }
  } finally {
    reached.abort();
    live.unreachedSinceMs = null;
  }
}

/**
 * QEMU's queue of connections is full, because it has accepted none for long (EAGAIN); or this process has no room for
 * one more, of which no guest shall die.
 */
const passing: readonly unknown[] = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'];

/** Silent or senseless, but alive. */
function mayAnswerLater({ code, details }: VireoError): boolean {
  return code === 'OPERATION_TIMEOUT' || passing.includes(details['errno']) || details['monitor'] !== undefined;
}

async function addConsoles(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  const { consoles } = live.facts;
  const there = new Set(consoles.status().filter(({ state }) => state !== 'failed').map(({ alias }) => alias));
  for (const device of consoleDevices(live.definition, live.consoleStarts)) {
    if (there.has(device.alias)) continue;
    await consoles.add(device, live.died).catch((error: unknown) => {
      context.log.write('warning', 'a console could not be opened again', { domain: domain.name, device: device.alias, error: asVireoError(error).message });
    });
  }
}
