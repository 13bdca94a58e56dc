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
  const moved = noticeOfMigration(event, before);
  if (moved) return moved;
  const ended = before?.jobs.async ?? null;
  const current = event.summary?.jobs.async ?? null;
  if (ended === null || current?.sinceMs === ended.sinceMs) return null;
  if (isMigration(ended.kind)) return null;
  const tookMs = event.atMs - ended.sinceMs;
  if (tookMs < longMs) return null;
  return { uuid, device: null, ...endOf(ended.kind, name, event.summary, Math.round(tookMs / 1000)), kind: 'ended' };
}

/**
 * A migration that ended: its failure is told in any case, for the guest was to be elsewhere by now; the rest to who looks
 * elsewhere, and a cancelled one to nobody. A domain that is not kept here goes with the last word about it.
 */
function noticeOfMigration({ domain: { uuid, name }, event, detail, summary }: DomainEvent, before: DomainSummary | null): Notice | null {
  const was = before?.migration ?? null;
  if (was?.outcome !== 'running') return null;
  const is = summary === null ? null : summary.migration;
  if (is?.outcome === 'running' || is?.outcome === 'cancelled') return null;
  const peer = was.peer?.replace(/^vireo\+(ssh|unix):\/\//, '') ?? 'the other host';
  const isSource = was.side === 'source';
  if (is?.outcome === 'failed') return { uuid, device: null, title: `${name} was not ${isSource ? 'moved' : 'received'}`, body: is.error ?? 'The migration failed.', kind: 'trouble' };
  // What had begun to arrive was given up, and its source tells why; or somebody destroyed it on its way.
  if (summary === null && (!isSource || (detail !== 'migrated' && event !== 'undefined' && before?.reason !== 'migrated'))) return null;
  const pause = is?.downtimeMs ?? null;
  return { uuid, device: null, title: isSource ? `${name} has moved to ${peer}` : `${name} has arrived from ${peer}`, body: pause === null ? 'The migration is done.' : `The guest stood still for ${Math.round(pause)} ms.`, kind: 'ended' };
}

/** A job that a migration's own notice tells of. */
function isMigration(kind: string): boolean {
  return kind === 'migration-out' || kind === 'migration-in';
}

/** What a console said that somebody waits for, in the guest's words below those of who waits: the desktop shows both as plain text. */
function consoleWords(name: string, details: NonNullable<DomainEvent['details']>): { device: string | null; title: string; body: string } {
  const { device, label, line, more, words } = details;
  const also = typeof more === 'number' && more > 0 ? ` (${more} more before)` : '';
  return { device: typeof device === 'string' ? device : null, title: typeof words === 'string' ? `${name}: ${words}` : `${name}, ${String(label)}`, body: `${clippedText(String(line), maximumWords)}${also}` };
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
