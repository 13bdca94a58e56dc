/** The words for states, reasons and events, with a plain sentence for who does not know virsh's terms. */
import type { DomainState } from '../../core/domain/domain-state.ts';
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';

/** What a person sees: the domain's state, that its guest is saved while it is off, or that QEMU does not answer, which hides it. */
export type VisibleState = DomainState | 'saved' | 'not answering';

export const stateSentences: Readonly<Record<VisibleState, string>> = {
  running: 'The guest is running.',
  paused: 'The guest is frozen in memory and goes on where it was when resumed.',
  'in shutdown': 'The guest is shutting down.',
  'shut off': 'The guest is off.',
  saved: 'The guest is off; its next start goes on where it was saved.',
  crashed: 'The guest crashed; what was in its memory may still be there.',
  pmsuspended: 'The guest put itself to sleep.',
  'not answering': 'QEMU does not answer its monitor; the guest itself may still work.',
};

/** How long QEMU may owe an answer before a person is told. */
const patienceMs = 10_000;

export function visibleState(summary: Pick<DomainSummary, 'state' | 'control' | 'hasManagedSave'>, nowMs: number): VisibleState {
  if (summary.state === 'shut off') return summary.hasManagedSave ? 'saved' : 'shut off';
  const { control } = summary;
  if (control.state === 'error') return 'not answering';
  if (control.state === 'occupied' && nowMs - control.sinceMs > patienceMs) return 'not answering';
  return summary.state;
}

/** `shut off (shutdown)`; an unknown reason says nothing and is left out. */
export function stateWithReason(state: string, reason: string): string {
  return reason === 'unknown' || reason === '' ? state : `${state} (${reason})`;
}

const eventWords: Readonly<Record<Exclude<DomainEvent['type'], 'lifecycle' | 'changed'>, string>> = {
  reboot: 'rebooted',
  'rtc-change': 'set its clock',
  watchdog: 'watchdog fired',
  'io-error': 'disk error',
  'io-error-reason': 'reason of a disk error',
  'control-error': 'QEMU stopped answering',
  'agent-lifecycle': 'guest agent',
  'balloon-change': 'memory balloon moved',
  'disk-change': 'disk left out',
  graphics: 'display client',
  'tray-change': 'tray moved',
  pmwakeup: 'woke up',
  pmsuspend: 'went to sleep',
  'pmsuspend-disk': 'hibernated',
  'device-removed': 'device removed',
  'device-removal-failed': 'device not given up',
  'block-threshold': 'disk filled up to its threshold',
  'memory-failure': 'memory failure',
  'memory-device-size-change': 'memory device resized',
  'nic-mac-change': 'network address changed',
  'core-dump': 'memory dump',
  'console-trigger': 'console trigger',
};

/** One event in a few words: `started (booted)`, `guest agent (connected)`. */
export function eventInWords(event: Pick<DomainEvent, 'type' | 'event' | 'detail'>): string {
  const detail = event.detail ? ` (${event.detail})` : '';
  if (event.type === 'lifecycle') return `${event.event ?? 'changed'}${detail}`;
  if (event.type === 'changed') return 'changed';
  if (event.type === 'control-error') return eventWords[event.type]; // its detail says the same again
  const what = event.event ?? event.detail;
  return what ? `${eventWords[event.type]} (${what})` : eventWords[event.type];
}
