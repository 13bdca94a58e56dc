/** Consoles in words: who writes, who watches, or that nobody can. */
import type { ConsoleSummary, DomainSummary } from '../../core/domain/domain-summary.ts';
import { definedConsoles } from './devices.ts';
import { plural } from './format.ts';

/** More names than these are a number. */
const namedWatchers = 4;

/** Who writes and how many watch, as short as a list needs it. */
export function consoleInWords(console: ConsoleSummary): string {
  if (console.state === 'failed') return `failed: ${console.error ?? 'no reason given'}`;
  const writer =
    console.readOnly !== null ? 'read-only'
    : console.writer ? `${console.writer.label} writes`
    : console.state === 'open' ? 'nobody writes'
    : console.state;
  return console.watchers > 0 ? `${writer}, ${plural(console.watchers, 'watches', 'watch')}` : writer;
}

/** `window 3 and vireo console (pid 4411) watch`; empty where nobody does. */
export function watchersInWords(console: ConsoleSummary): string {
  const names = console.sessions.filter((each) => each.mode === 'watch').map((each) => (each.asksSinceMs === null ? each.label : `${each.label} (asks to write)`));
  if (names.length === 0) return '';
  const named = names.length <= namedWatchers ? names : [...names.slice(0, namedWatchers - 1), plural(names.length - namedWatchers + 1, 'other')];
  const last = named.at(-1)!;
  return named.length === 1 ? `${last} watches` : `${named.slice(0, -1).join(', ')} and ${last} watch`;
}

type Channel = Pick<ConsoleSummary, 'kind' | 'label' | 'readOnly' | 'backend'>;

/** Who speaks on a channel that is among the consoles of a run and is no console to anybody; null for what one can open. */
export function channelUse({ kind, label, readOnly, backend }: Channel, agent: DomainSummary['agent']): string | null {
  if (kind !== 'channel') return null;
  if (label === 'org.qemu.guest_agent.0') return `Used by Vireo for the guest agent, ${agent === 'connected' ? 'connected' : 'not connected'}`;
  if (label !== 'com.redhat.spice.0' || readOnly === null) return null;
  return backend === "QEMU's clipboard" ? 'Used by QEMU for the clipboard of the display' : 'Used by viewers of the SPICE display';
}

export function isForPeople(console: Channel): boolean {
  return channelUse(console, 'disconnected') === null;
}

/** What consoles are called, of a run or of a definition: `ttyS0`, `hvc0`. */
export function consoleNames(summary: Pick<DomainSummary, 'consoles' | 'devices'>): readonly string[] {
  if (summary.consoles.length > 0) return summary.consoles.filter(isForPeople).map(({ label }) => label);
  const defined = definedConsoles(summary);
  const serial = defined.filter(({ kind }) => kind === 'serial').map((_, index) => `ttyS${index}`);
  const virtio = defined.filter(({ kind, label }) => kind === 'console' && label.startsWith('virtio')).map((_, index) => `hvc${index}`);
  return [...serial, ...virtio];
}
