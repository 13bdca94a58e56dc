/** What the timeline does not have of a run that goes on: since when nobody watched, and which words of QEMU's. */
import type { DomainLog } from '../domain/domain-log.ts';
import type { Timeline } from './timeline.ts';

export interface Missed {
  /** When the driver before this one last wrote here; null for a timeline that has nothing yet. */
  readonly sinceMs: number | null;
  /** It let go of the guest in good order; otherwise it was killed some time after `sinceMs`. */
  readonly letGo: boolean;
  /** Offset in the domain's log. */
  readonly wordsFrom: number;
}

/** A driver that comes back looks no further for the place at which the one before it stopped reading. */
const maximumLines = 5_000;

/** Never rejects: a timeline that cannot be read is as good as none. */
export async function whatWasMissed(timeline: Timeline, log: DomainLog): Promise<Missed> {
  const size = await log.size().catch(() => 0);
  try {
    const newest = (await timeline.read({ limit: 1 })).entries[0];
    if (!newest) return { sinceMs: null, letGo: false, wordsFrom: size };
    const [place] = (await timeline.read({ limit: 1, kinds: ['stderr', 'driver'], text: '"logOffset":', maximumLines })).entries;
    const offset = place?.details['logOffset'];
    return { sinceMs: newest.atMs, letGo: newest.what === 'let-go', wordsFrom: typeof offset === 'number' && offset <= size ? offset : size };
  } catch {
    return { sinceMs: null, letGo: false, wordsFrom: size };
  }
}
