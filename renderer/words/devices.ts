/** What a definition promises about devices whose live state is not known, because the domain does not run. */
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

type Device = DomainSummary['devices'][number];

/** The first console is often only the first serial port under a second name, which is no further way in. */
export function definedConsoles({ devices }: Pick<DomainSummary, 'devices'>): readonly Device[] {
  const terminals = devices.filter(({ kind }) => kind === 'serial' || kind === 'console');
  const hasSerial = terminals.some(({ kind }) => kind === 'serial');
  return terminals.filter(({ kind, label }) => !(hasSerial && kind === 'console' && label.startsWith('serial')));
}

/** Whether the definition has the channel that the guest agent talks through. */
export function hasAgentChannel({ devices }: Pick<DomainSummary, 'devices'>): boolean {
  return devices.some(({ kind, label }) => kind === 'channel' && label.includes('org.qemu.guest_agent'));
}
