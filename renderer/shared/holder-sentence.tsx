/** Who holds a domain, in one line whose time moves. */
import type { ReactElement } from 'react';
import type { JobHolder, JobsStatus, LongJobHolder } from '../../core/domain/domain-summary.ts';
import { formatDuration, formatElapsed, formatExact } from '../words/format.ts';
import { useNow } from './use-now.ts';

export function HolderSentence({ holder }: { readonly holder: JobHolder | LongJobHolder }): ReactElement {
  const now = useNow();
  const long = 'phase' in holder ? holder : null;
  return (
    <span title={`${holder.kind} job since ${formatExact(holder.sinceMs)}`}>
      Held by <code>{holder.owner}</code>, started {formatElapsed(now - holder.sinceMs)} ago by <bdi>{holder.client}</bdi>
      {long?.phase && `, in phase ${long.phase}`}
      {long !== null && long.parkedUntilMs !== null && `, waiting for its next phase for ${formatDuration(Math.max(0, long.parkedUntilMs - now))} at most`}
      {long?.abortRequested && ', asked to end'}
    </span>
  );
}

/**
 * The job that stands in everybody's way: the asynchronous one where there is one. A question changes nothing and is soon
 * over, and this window asks many itself; where QEMU does not answer one, that is what is told.
 */
export function mainHolder(jobs: JobsStatus): JobHolder | LongJobHolder | null {
  return jobs.async ?? [jobs.sync, jobs.agent].find((holder) => holder !== null && holder.kind !== 'query') ?? null;
}
