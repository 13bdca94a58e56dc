/** What a window holds of a timeline, newest first: one run of entries without a hole, which grows at both ends. */
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';

export interface TimelinePages {
  readonly entries: readonly TimelineEntry[];
  /** The `before` of the next older page; null when the oldest is here. */
  readonly next: number | null;
}

export interface FetchedPage {
  readonly entries: readonly TimelineEntry[];
  readonly next: number | null;
}

/**
 * With the newest page, fetched again. Where it does not reach what is known, something between would be missing: what
 * is known is let go then, and read again by who scrolls there.
 */
export function withNewest({ entries, next }: TimelinePages, page: FetchedPage): TimelinePages {
  const newest = entries[0]?.seq ?? 0;
  const fresh = page.entries.filter(({ seq }) => seq > newest);
  if (fresh.length === 0) return { entries, next };
  const reaches = fresh.length < page.entries.length || page.next === null;
  if (!reaches) return { entries: page.entries, next: page.next };
  return entries.length === 0 ? { entries: fresh, next: page.next } : { entries: [...fresh, ...entries], next };
}

export function withOlder({ entries }: TimelinePages, page: FetchedPage): TimelinePages {
  const oldest = entries.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
  return { entries: [...entries, ...page.entries.filter(({ seq }) => seq < oldest)], next: page.next };
}
