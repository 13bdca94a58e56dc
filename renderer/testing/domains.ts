/** Domain summaries for tests and previews: one plain shut off domain, and what a test changes of it. */
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';

export function domainSummary(changes: Partial<DomainSummary> = {}): DomainSummary {
  return {
    uuid: '6f1b2f0a-3a52-4f3b-8d5a-0c5b1d6a9e01',
    name: 'sample',
    title: null,
    id: null,
    state: 'shut off',
    reason: 'unknown',
    stateSinceMs: null,
    persistent: true,
    pendingChanges: false,
    memoryKiB: 262_144,
    vcpus: 1,
    arch: 'x86_64',
    machine: 'pc-q35-7.2',
    accelerator: null,
    emulator: null,
    qemuVersion: null,
    pid: null,
    taints: [],
    agent: 'disconnected',
    jobs: { sync: null, async: null, agent: null, waiting: 0 },
    control: { state: 'ok', details: null, sinceMs: 0 },
    consoles: [
      { alias: 'serial0', kind: 'serial', label: 'ttyS0', state: 'closed', error: null, writer: null, watchers: 0, position: 0 },
      { alias: 'console1', kind: 'console', label: 'hvc0', state: 'closed', error: null, writer: null, watchers: 0, position: 0 },
    ],
    devices: [
      { kind: 'disk', label: 'virtio disk vda', alias: 'virtio-disk0' },
      { kind: 'interface', label: 'virtio network, user', alias: 'net0' },
    ],
    ...changes,
  };
}

export function domainEvent(revision: number, summary: DomainSummary, changes: Partial<DomainEvent> = {}): DomainEvent {
  return {
    revision,
    atMs: 1_700_000_000_000,
    domain: { uuid: summary.uuid, name: summary.name, id: summary.id },
    type: 'changed',
    event: null,
    detail: null,
    summary,
    ...changes,
  };
}
