/** The words of a domain's timeline: its kinds, how long ago something was, and what a text file of it says. */
import { entryInWords } from '../../core/timeline/entry-in-words.ts';
import type { TimelineEntry, TimelineKind } from '../../core/timeline/timeline-entry.ts';
import { formatClock, formatExact, formatWhen } from './format.ts';

export interface KindWords {
  /** Of all of them. */
  readonly label: string;
  /** Of one. */
  readonly one: string;
  /** What belongs to it, in a sentence. */
  readonly hint: string;
}

/** In the order in which they are offered. */
export const kindWords: Readonly<Record<TimelineKind, KindWords>> = {
  lifecycle: { label: 'State', one: 'State', hint: 'Starts, stops, pauses, crashes and what else changed the state.' },
  action: { label: 'Actions', one: 'Action', hint: 'What somebody asked for, from a window or with a command, and what became of it.' },
  stderr: { label: "QEMU's words", one: "QEMU's words", hint: 'What QEMU wrote to its standard error.' },
  qmp: { label: 'QMP', one: 'QMP', hint: "QEMU's own events, as it sends them." },
  agent: { label: 'Agent', one: 'Agent', hint: 'The guest agent comes and goes.' },
  job: { label: 'Jobs', one: 'Job', hint: 'Long jobs, from their begin to their end.' },
  driver: { label: 'Driver', one: 'Driver', hint: 'When Vireo watched this guest, and when nobody did.' },
};

/** `just now`, `40 s ago`, `12 min ago`, `3 h ago`; the day and the clock for what is older. */
export function agoInWords(atMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - atMs) / 1000);
  if (seconds < 10) return seconds < -5 ? formatWhen(atMs, nowMs) : 'just now';
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return formatWhen(atMs, nowMs);
}

/** A moment within a sentence. */
export function momentInWords(atMs: number): string {
  return formatWhen(atMs, Date.now());
}

/** The date and the time to the millisecond. */
export function formatExactMs(atMs: number): string {
  return `${formatExact(atMs)}.${milliseconds(atMs)}`;
}

/** `12:04:01.120`: two messages of one second are told apart. */
export function formatClockMs(atMs: number): string {
  return `${formatClock(atMs)}.${milliseconds(atMs)}`;
}

function milliseconds(atMs: number): string {
  return String(Math.floor(atMs) % 1000).padStart(3, '0');
}

/** A line of an exported text. */
export function timelineLine(entry: TimelineEntry): string {
  return `${new Date(entry.atMs).toISOString()}  ${entry.kind.padEnd(9)}  ${entryInWords(entry, formatExact)}`;
}
