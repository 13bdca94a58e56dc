/** What is worth interrupting somebody who looks elsewhere: a crash, a disk error, the end of something long. Pure. */
import { clippedText } from '../core/agent/guest-text.ts';
import type { HostStatus } from '../core/api/contract.ts';
import type { DomainEvent, DomainSummary } from '../core/domain/domain-summary.ts';
import { isActiveState } from '../core/domain/domain-state.ts';

export interface Notice {
  readonly uuid: string;
  /** The console that it is about, where it is about one. */
  readonly device: string | null;
  readonly title: string;
  readonly body: string;
  /** `trouble`, and what somebody `asked` to be told, is told in any case, `ended` only to who has no window of the app before them. */
  readonly kind: 'trouble' | 'asked' | 'ended';
}

/** One for each guest that could not be started with the session; `told` has those that were told before. */
export function noticesOfStatus(problems: HostStatus['problems'], told: Set<string>): readonly Notice[] {
  const notices: Notice[] = [];
  for (const { what, notStarted } of problems) {
    if (!notStarted || told.has(notStarted.uuid)) continue;
    told.add(notStarted.uuid);
    notices.push({ uuid: notStarted.uuid, device: null, title: `${notStarted.name} was not started`, body: what, kind: 'trouble' });
  }
  return notices;
}

/** Whoever started something that takes this long has turned to something else. */
const longMs = 10_000;

/** The notice that `event` is worth; `before` is the domain as it was until then. */
export function noticeOf(event: DomainEvent, before: DomainSummary | null): Notice | null {
  const { uuid, name } = event.domain;
  if (event.type === 'console-trigger') return { uuid, ...consoleWords(name, event.details ?? {}), kind: 'asked' };
  const trouble = event.type === 'lifecycle' ? troubleOf(`${event.event} ${event.detail}`, before, event.summary) : null;
  if (trouble) return { uuid, device: null, title: `${name} ${trouble.what}`, body: trouble.body, kind: 'trouble' };
  const ended = before?.jobs.async ?? null;
  const current = event.summary?.jobs.async ?? null;
  if (ended === null || current?.sinceMs === ended.sinceMs) return null;
  const tookMs = event.atMs - ended.sinceMs;
  if (tookMs < longMs) return null;
  return { uuid, device: null, ...endOf(ended.kind, name, event.summary, Math.round(tookMs / 1000)), kind: 'ended' };
}

/** What a console said that somebody waits for, in the guest's words: the desktop shows them as plain text. */
function consoleWords(name: string, details: NonNullable<DomainEvent['details']>): { device: string | null; title: string; body: string } {
  const { device, label, line, more } = details;
  const also = typeof more === 'number' && more > 0 ? ` (${more} more before)` : '';
  return { device: typeof device === 'string' ? device : null, title: `${name}, ${String(label)}`, body: `${clippedText(String(line), maximumWords)}${also}` };
}

/** Notifications show a few lines at most. */
const maximumWords = 200;

function troubleOf(event: string, before: DomainSummary | null, after: DomainSummary | null): { what: string; body: string } | null {
  switch (event) {
    case 'crashed panicked':
      return { what: 'crashed', body: 'The guest panicked. What is done about it stands in its definition, what it said in its log.' };
    case 'stopped crashed':
      if (before?.state === 'crashed') return null; // it was told when it panicked
      return { what: 'crashed', body: 'QEMU ended by itself. The log says more.' };
    case 'suspended ioerror':
      return { what: 'is paused', body: `${diskTrouble(after)} Resume the guest once the disk is well.` };
    default:
      return null;
  }
}

/** Which disk, and why. */
function diskTrouble(summary: DomainSummary | null): string {
  const [first] = summary?.diskErrors ?? [];
  return first ? `Disk ${first.disk}: ${first.message ?? first.error}.` : 'A disk could not be read or written.';
}

function endOf(kind: string, name: string, after: DomainSummary | null, seconds: number): { title: string; body: string } {
  if (kind !== 'start') return { title: `${name}: ${kind} has ended`, body: `It took ${seconds} s.` };
  if (after && isActiveState(after.state)) return { title: `${name} has started`, body: `It took ${seconds} s.` };
  return { title: `${name} was not started`, body: `It was given up after ${seconds} s. The log says why.` };
}
