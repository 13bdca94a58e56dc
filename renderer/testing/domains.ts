/** Domain summaries for the windows' tests and previews: a shut off domain with two consoles and two devices. */
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';
import { makeChange, makeSummary } from '../../test/support/make-summary.ts';

export function domainSummary(changes: Partial<DomainSummary> = {}): DomainSummary {
  return makeSummary({
    uuid: '6f1b2f0a-3a52-4f3b-8d5a-0c5b1d6a9e01',
    memoryKiB: 262_144,
    agent: 'disconnected',
    consoles: [
      { alias: 'serial0', kind: 'serial', label: 'ttyS0', state: 'closed', error: null, writer: null, watchers: 0, sessions: [], readOnly: null, backend: 'private socket', position: 0 },
      { alias: 'console1', kind: 'console', label: 'hvc0', state: 'closed', error: null, writer: null, watchers: 0, sessions: [], readOnly: null, backend: 'private socket', position: 0 },
    ],
    devices: [
      { kind: 'disk', label: 'virtio disk vda', alias: 'virtio-disk0' },
      { kind: 'interface', label: 'virtio network, user', alias: 'net0' },
    ],
    ...changes,
  });
}

export function domainEvent(revision: number, summary: DomainSummary, changes: Partial<DomainEvent> = {}): DomainEvent {
  return { ...makeChange(revision, summary), ...changes };
}
