/** Who holds a domain, in one line whose time moves. */
import type { ReactElement } from 'react';
import type { JobHolder, JobsStatus } from '../../core/domain/domain-summary.ts';
import { formatElapsed, formatExact } from '../words/format.ts';
import { useNow } from './use-now.ts';

export function HolderSentence({ holder }: { readonly holder: JobHolder }): ReactElement {
  const now = useNow();
  return (
    <span title={`${holder.kind} job since ${formatExact(holder.sinceMs)}`}>
      Held by <code>{holder.owner}</code>, started {formatElapsed(now - holder.sinceMs)} ago by <bdi>{holder.client}</bdi>
    </span>
  );
}

/** The job that stands in everybody's way: the asynchronous one where there is one. */
export function mainHolder(jobs: JobsStatus): JobHolder | null {
  return jobs.async ?? jobs.sync ?? jobs.agent;
}
