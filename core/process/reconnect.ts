/**
 * Finding the guests of an earlier driver (F5). Each state file stands for itself: one that is broken, one whose QEMU
 * died or one whose QEMU does not answer delays no other.
 */
import { rm } from 'node:fs/promises';
import { VireoError, asVireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import type { Domain } from '../domain/domain.ts';
import { LiveDomain, type RunningProcess } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import type { StatusRecord } from '../status/status-file.ts';
import { agentPort, withChannelState } from './agent-channel.ts';
import { consoleDevices } from './console-devices.ts';
import { MonitorEvents, afterShutdown } from './monitor-events.ts';
import type { ProcessContext } from './process-context.ts';
import { adoptProcess } from './qemu-process.ts';
import { connectMonitor } from './start-domain.ts';
import { recordedState, thisBoot } from './status-record.ts';
import { endAfter, endOf, endRun } from './stop-domain.ts';

/** The domain of a state file, with its process held; monitor and consoles follow in `reconnectDomain`. */
export async function adoptDomain(context: ProcessContext, record: StatusRecord): Promise<Domain> {
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
  live.agent = agentPort(definition) === null ? 'not configured' : 'disconnected';
  context.registry.reserveId(record.id);
  domain.live = live;
  domain.restoreState(recordedState(record), record.stateSinceMs);
  return domain;
}

/**
 * Opens the monitor again and brings the domain's state up to date; holds a job meanwhile, so that whoever comes early
 * waits and is told by whom. A start that the earlier driver did not finish is undone, as is a destroy begun.
 */
export async function reconnectDomain(context: ProcessContext, domain: Domain, record: StatusRecord): Promise<void> {
  const { live } = domain;
  if (!live) return;
  const call = Call.ofDriver('processReconnect', context.log, context.closing);
  const events = new MonitorEvents(context, domain, live);
  if (record.starting || record.job.async?.kind === 'start' || record.job.destroy) {
    live.endReason = record.job.destroy ? 'destroyed' : 'failed';
    await using job = await domain.jobs.begin(call, 'destroy');
    await endRun(context, domain, live, job, endOf(live.endReason));
    return;
  }
  let wasShutDown = false;
  try {
    await using job = await domain.jobs.begin(call, 'modify');
    await connectMonitor(context, live, events, live.facts.process.exited);
    wasShutDown = await refresh(domain, live, job.monitor());
    for (const device of consoleDevices(live.definition)) {
      await live.facts.consoles.add(device, live.died).catch((error: unknown) => {
        context.log.write('warning', 'a console could not be opened again', { domain: domain.name, device: device.alias, error: asVireoError(error).message });
      });
    }
    await context.saveStatus(domain);
  } catch (error) {
    if (context.closing.aborted) return;
    context.log.write('warning', 'a running domain could not be reached', { domain: domain.name, error: asVireoError(error).message });
    // Nobody can command this QEMU any more: ending it keeps a second one from writing its disks (as libvirt does).
    await endAfter(context, 'processReconnect', domain, live, () => 'crashed');
    return;
  }
  domain.changed();
  if (wasShutDown) await afterShutdown(context, domain, live);
}

/** Takes over what changed while no driver looked; true when the guest shut down meanwhile and QEMU waits. */
async function refresh(domain: Domain, live: LiveDomain, monitor: ReadMonitor): Promise<boolean> {
  const { status } = await monitor.query('query-status');
  await refreshChannels(live, monitor);
  switch (status) {
    case 'running':
      if (domain.state !== 'running') domain.transition({ state: 'running', reason: 'unknown' }, { event: 'resumed', detail: 'unpaused' });
      return false;
    case 'shutdown':
      domain.transition({ state: 'in shutdown', reason: 'unknown' }, { event: 'shutdown', detail: 'finished' });
      return true;
    case 'guest-panicked':
      domain.transition({ state: 'crashed', reason: 'panicked' }, { event: 'crashed', detail: 'panicked' });
      return false;
    case 'io-error':
      if (domain.state !== 'paused') domain.transition({ state: 'paused', reason: 'I/O error' }, { event: 'suspended', detail: 'ioerror' });
      return false;
    case 'suspended':
      if (domain.state !== 'pmsuspended') domain.transition({ state: 'pmsuspended', reason: 'unknown' }, { event: 'pmsuspended', detail: 'memory' });
      return false;
    default:
      if (domain.state === 'running') domain.transition({ state: 'paused', reason: 'unknown' }, { event: 'suspended', detail: 'paused' });
      return false;
  }
}

async function refreshChannels(live: LiveDomain, monitor: ReadMonitor): Promise<void> {
  const open = new Map((await monitor.query('query-chardev')).map((chardev) => [chardev.label, chardev['frontend-open']]));
  for (const channel of devicesOf(live.definition.devices, 'channel')) {
    const { alias } = channel;
    if (alias !== null) live.definition = withChannelState(live.definition, alias, open.get(`char${alias}`) ?? false);
  }
  const port = agentPort(live.definition);
  if (port !== null) live.agent = open.get(`char${port}`) ? 'connected' : 'disconnected';
}

/** Stands for a QEMU that ended while no driver looked. */
function goneProcess(record: StatusRecord): RunningProcess {
  return { pid: record.process.pid, startTime: record.process.startTime, exited: Promise.resolve(), kill: async () => {} };
}

/** A run folder whose domain nobody knows any more holds only dead sockets. */
export async function removeRunFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** The reason that every API of a closing driver ends with. */
export function closingError(): VireoError {
  return new VireoError('OPERATION_ABORTED', 'the driver is closing');
}
