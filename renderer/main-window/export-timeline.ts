/** A domain's events as a file that its user names: all that fit the filter, the oldest first. */
import type { AnyMethodResult, Client } from '../../core/api/client.ts';
import { maximumTimelinePage } from '../../core/api/timeline-contract.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { attempt, showNews } from '../shared/failure-toast.tsx';
import type { TimelineFilter } from '../store/timeline-feed.ts';
import { plural } from '../words/format.ts';
import { timelineLine } from '../words/timeline.ts';

export async function exportTimeline(client: Client, { uuid, name }: DomainSummary, filter: TimelineFilter, format: 'jsonl' | 'txt'): Promise<void> {
  await attempt(`The events of ${name} were not exported`, async () => {
    const entries = await allEntries(client, uuid, filter);
    const toText = format === 'jsonl' ? (entry: TimelineEntry): string => JSON.stringify(entry) : timelineLine;
    const saved = await client.call('desktopSaveText', { suggestedName: `${name}-events.${format}`, text: entries.map((entry) => `${toText(entry)}\n`).join('') }, { timeoutMs: dialogMs });
    if (saved) showNews(`${plural(entries.length, 'event')} exported`, saved.path);
  });
}

/** Somebody looks for a folder meanwhile. */
const dialogMs = 3_600_000;

async function allEntries(client: Client, domain: string, { kinds, text }: TimelineFilter): Promise<readonly TimelineEntry[]> {
  const found: TimelineEntry[] = [];
  let before: number | null = null;
  do {
    const page: AnyMethodResult<'domainGetTimeline'> = await client.call('domainGetTimeline', { domain, before, limit: maximumTimelinePage, kinds: [...kinds], text: text === '' ? null : text });
    found.push(...page.entries);
    before = page.next;
  } while (before !== null);
  return found.toReversed();
}
