/** A domain's summary for tests of doors and windows: a guest that is shut off, with what the test cares about changed. */
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';

export function makeSummary(changes: Partial<DomainSummary> = {}): DomainSummary {
  return {
    uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809',
    name: 'sample',
    title: null,
    id: null,
    state: 'shut off',
    reason: 'unknown',
    stateSinceMs: null,
    persistent: true,
    autostart: false,
    hasManagedSave: false,
    pendingChanges: false,
    memoryKiB: 98_304,
    currentMemoryKiB: 98_304,
    vcpus: 1,
    arch: 'x86_64',
    machine: 'pc-q35-7.2',
    accelerator: null,
    emulator: null,
    qemuVersion: null,
    pid: null,
    taints: [],
    agent: 'not configured',
    jobs: { sync: null, async: null, agent: null, waiting: 0 },
    control: { state: 'ok', details: null, sinceMs: 0 },
    migration: null,
    consoles: [],
    displays: [],
    diskErrors: [],
    devices: [],
    ...changes,
  };
}

/** The event after which the domain is as `summary` says. */
export function makeChange(revision: number, summary: DomainSummary): DomainEvent {
  const { uuid, name, id } = summary;
  return { revision, atMs: 1_700_000_000_000, domain: { uuid, name, id }, type: 'changed', event: null, detail: null, summary };
}
