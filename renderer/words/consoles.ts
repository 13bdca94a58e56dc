/** Consoles in words: who writes, who watches, or that nobody can. */
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
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
