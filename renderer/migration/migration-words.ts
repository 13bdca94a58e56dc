/** A migration in sentences: what will come of it, what would help, how it ended and where the guest is now. Pure. */
import type { MigrationPreflight, MigrationVerdict, MigrationView } from '../../core/migration/migration-view.ts';
import { formatBytes, formatDuration, plural } from '../words/format.ts';
import { formatRate } from '../words/usage.ts';

/** A pause: milliseconds while they are few. */
export function formatPause(pauseMs: number): string {
  if (pauseMs < 1_000) return `${Math.round(pauseMs)} ms`;
  return pauseMs < 10_000 ? `${(pauseMs / 1_000).toFixed(1)} s` : formatDuration(pauseMs);
}

const about = (ms: number): string => (ms < 1_000 ? 'within a second' : `in about ${formatDuration(ms)}`);

export function verdictSentence(verdict: MigrationVerdict): string {
  switch (verdict.kind) {
    case 'measuring':
      return verdict.firstPassMs === null ? 'Measuring what the guest changes.' : `The first pass is over ${about(verdict.firstPassMs)}. Then it is known how much the guest changes.`;
    case 'converging':
      return `Will finish ${about(verdict.remainingMs)}${verdict.expectedDowntimeMs === null ? '' : `, with a pause of ${formatPause(verdict.expectedDowntimeMs)}`}.`;
    case 'not converging':
      return verdict.dirtyBytesPerSecond > 0
        ? `Will not finish: the guest changes ${formatRate(verdict.dirtyBytesPerSecond)}, the link carries ${formatRate(verdict.speedBytesPerSecond)}.`
        : `Will not finish: what remains does not get less at ${formatRate(verdict.speedBytesPerSecond)}.`;
    case 'copying disks':
      return verdict.remainingMs === null ? 'The disks are copied first, then the memory.' : `The disks are there ${about(verdict.remainingMs)}. Then the memory follows.`;
    case 'post-copy':
      return `The guest runs on the other host and fetches what it needs${verdict.remainingMs === null ? '' : `; all is there ${about(verdict.remainingMs)}`}. The link must hold until then.`;
    case 'switching over':
      return 'The guest stands still for a moment, and goes on over there.';
    case 'receiving':
      return 'The guest arrives here. The other host leads, and knows how far it is.';
  }
}

export type Lever = 'speed' | 'downtime' | 'autoConverge' | 'postcopy' | 'suspend';

/** What would help a migration that will not finish, the mildest first. */
export function helpfulLevers(view: MigrationView): readonly Lever[] {
  if (view.verdict?.kind !== 'not converging') return [];
  const isLimited = view.bandwidthMiBps !== null && view.bandwidthMiBps > 0;
  const levers: (Lever | null)[] = [isLimited ? 'speed' : null, view.levers.autoConverge.available ? 'autoConverge' : null, view.levers.postcopy.available ? 'postcopy' : null, 'downtime', view.levers.suspend.available ? 'suspend' : null];
  return levers.filter((lever) => lever !== null);
}

const leverWords: Readonly<Record<Lever, string>> = {
  speed: 'raise the speed limit',
  downtime: 'allow a longer pause',
  autoConverge: 'slow the guest',
  postcopy: 'switch to post-copy',
  suspend: 'suspend the guest',
};

/** `Raise the speed limit, or slow the guest.`; null where nothing is wrong. */
export function adviceOf(view: MigrationView): string | null {
  const words = helpfulLevers(view).slice(0, 3).map((lever) => leverWords[lever]);
  if (words.length === 0) return null;
  const text = words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** How far the memory is: of the whole in the first pass, what is left in later ones. */
export function memoryNumbers(view: MigrationView): string {
  const remaining = view.samples.at(-1)?.remainingBytes ?? null;
  const total = view.memoryTotalBytes;
  if (total === null) return 'not begun';
  if (view.outcome === 'completed') return formatBytes(total);
  if (remaining === null) return `of ${formatBytes(total)}`;
  return (view.iteration ?? 1) > 1 ? `${formatBytes(remaining)} left` : `${formatBytes(total - remaining)} of ${formatBytes(total)}`;
}

/** `2 min 10 s`, `0.4 s`: for what may be over in a moment. */
export const formatTook = (ms: number): string => (ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : formatDuration(ms));

/** What became of it, and where the guest is. */
export function endSentence(view: MigrationView): string {
  const there = view.peer ? hostOf(view.peer) : 'the other host';
  const here = view.side === 'source';
  switch (view.outcome) {
    case 'running':
      return '';
    case 'completed':
      return here ? `The guest runs on ${there} now.` : `The guest came from ${there} and is here now.`;
    case 'cancelled':
      return here ? 'The guest is on this computer, as it was before.' : `The guest stays on ${there}.`;
    case 'failed':
      return here ? 'It was not moved. What the domain shows above is how the guest is here now.' : `The guest did not arrive. It is on ${there}, or as that host says.`;
  }
}

function hostOf(peer: string): string {
  const [, scheme, rest = ''] = /^vireo\+(ssh|unix):\/\/(.*)$/.exec(peer) ?? [];
  if (scheme === undefined) return peer;
  return scheme === 'unix' ? `the host of ${rest}` : rest.replace(/\/.*$/, '');
}

/** What took the time, where one thing did. */
export function slowPart(view: MigrationView): string | null {
  if (view.totalMs === null || view.totalMs < 5_000 || view.outcome !== 'completed') return null;
  const first = view.samples.find(({ iteration }) => (iteration ?? 1) > 1);
  const begin = view.samples[0]?.atMs ?? 0;
  if (view.disks.length > 0 && begin > view.totalMs / 2) return `Most of the time went into copying ${plural(view.disks.length, 'disk')}.`;
  if (first && view.totalMs - first.atMs > view.totalMs / 2) return `Most of the time went into ${plural((view.iteration ?? 2) - 1, 'pass', 'passes')} over what the guest had changed.`;
  if (view.bandwidthMiBps !== null && view.bandwidthMiBps > 0) return `The speed limit of ${view.bandwidthMiBps} MiB/s held it back.`;
  return null;
}

/** How long it may take, from what was measured before anything is begun; null where that says nothing. */
export function expectation({ memoryBytes, dirtyBytesPerSecond }: MigrationPreflight, limitMiBps: number): string | null {
  if (memoryBytes === null || dirtyBytesPerSecond === null) return null;
  const link = limitMiBps > 0 ? { bytes: limitMiBps * (1 << 20), words: `At ${limitMiBps} MiB/s` } : { bytes: 118 * (1 << 20), words: 'Over a link of 1 Gbit/s' };
  const changes = dirtyBytesPerSecond < 1 << 20 ? 'The guest changes next to nothing' : `The guest changes ${formatRate(dirtyBytesPerSecond)}`;
  if (dirtyBytesPerSecond >= link.bytes * 0.95) return `${changes}. ${link.words} its memory would not get over: slow the guest, or allow post-copy.`;
  const seconds = memoryBytes / (link.bytes - dirtyBytesPerSecond);
  return `${changes}. ${link.words} its memory takes at most about ${formatDuration(Math.max(1_000, seconds * 1_000))}.`;
}
