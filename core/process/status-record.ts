/** Between a running domain and its state file. */
import { bootId } from '../base/process-identity.ts';
import { type StateAndReason, stateReasons } from '../domain/domain-state.ts';
import type { Domain } from '../domain/domain.ts';
import { formatDomain } from '../devices/domain-xml.ts';
import type { StatusRecord } from '../status/status-file.ts';

let boot: Promise<string | null> | null = null;

/** This boot's name, asked of the system once. */
export function thisBoot(): Promise<string | null> {
  boot ??= bootId();
  return boot;
}

/** What the state file says now; null for a domain that does not run. */
export function statusRecord(domain: Domain, bootName: string | null): StatusRecord | null {
  const { live } = domain;
  if (!live || live.ended) return null;
  const { facts } = live;
  return {
    version: 1,
    uuid: domain.uuid,
    name: domain.name,
    id: facts.id,
    persistent: domain.persistent !== null,
    state: domain.state,
    reason: domain.stateAndReason.reason,
    stateSinceMs: domain.stateSinceMs,
    process: { pid: facts.process.pid, startTime: facts.process.startTime, bootId: bootName },
    monitorPath: facts.monitorPath,
    runFolder: facts.runFolder,
    capabilitiesKey: facts.capabilitiesKey,
    emulator: facts.emulator,
    qemuVersion: facts.qemuVersion,
    accelerator: facts.accelerator,
    startedAtMs: facts.startedAtMs,
    starting: live.starting,
    rebootOnShutdown: live.rebootOnShutdown,
    pendingChanges: live.pendingChanges,
    taints: [...live.taints],
    controlGroups: live.controlGroups,
    agentTimeoutSeconds: live.agentTimeoutSeconds,
    migrationBandwidthMiBps: live.migrationBandwidthMiBps,
    peripherals: [...live.peripherals],
    consoleStarts: Object.fromEntries(live.consoleStarts),
    diskErrors: [...live.diskErrors.values()],
    clockStartSeconds: live.clockStartSeconds,
    leases: [...live.leases],
    autodestroy: live.autodestroy,
    job: domain.jobs.record(),
    xml: formatDomain(live.definition, { form: 'live', secure: true }),
  };
}

/** The state of a file, or `paused/unknown` where it names none that exists. */
export function recordedState(record: StatusRecord): StateAndReason {
  const reasons = Object.hasOwn(stateReasons, record.state) ? stateReasons[record.state as StateAndReason['state']] : null;
  if (!reasons || !(reasons as readonly string[]).includes(record.reason)) return { state: 'paused', reason: 'unknown' };
  return { state: record.state, reason: record.reason } as StateAndReason;
}
