/** How far a long job is, asked whenever the driver says that it got on; its room is there only once there is a number. */
import { type ReactElement, useEffect, useRef, useState } from 'react';
import type { AnyMethodResult } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';
import { formatBytes, formatDuration } from '../words/format.ts';
import { formatRate } from '../words/usage.ts';

type Statistics = NonNullable<AnyMethodResult<'domainGetJobStats'>['statistics']>;

export function JobProgress({ summary }: { readonly summary: DomainSummary }): ReactElement | null {
  const memory = useJobStatistics(summary)?.memory;
  if (!memory?.totalBytes) return null;
  const { speedBytesPerSecond: speed, remainingBytes } = memory;
  // Empty pages are through without a byte: what is left says how far it is.
  const throughBytes = remainingBytes === null ? (memory.processedBytes ?? 0) : memory.totalBytes - remainingBytes;
  const percent = Math.max(0, Math.min(100, Math.floor((throughBytes / memory.totalBytes) * 100)));
  const words = `${formatBytes(throughBytes)} of ${formatBytes(memory.totalBytes)}`;
  return (
    <span className="job-progress" title={speed ? `${formatRate(speed)}${remainingBytes ? `, about ${formatDuration((remainingBytes / speed) * 1000)} left` : ''}` : undefined}>
      <span className="meter" role="progressbar" aria-label="The job's progress" aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} aria-valuetext={words}>
        <span style={{ width: `${percent}%` }} />
      </span>
      <span className="job-percent">{percent} %</span>
      <span className="quiet">{words}</span>
    </span>
  );
}

/** Each report of the driver brings a new summary; while a question is under way no other is asked. */
function useJobStatistics(summary: DomainSummary): Statistics | null {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const [told, setTold] = useState<{ readonly jobSinceMs: number; readonly statistics: Statistics | null } | null>(null);
  const isAsking = useRef(false);
  const { uuid } = summary;
  const jobSinceMs = summary.jobs.async?.sinceMs ?? null;
  useEffect(() => {
    if (!client || jobSinceMs === null || isAsking.current) return;
    isAsking.current = true;
    void client.call('domainGetJobStats', { domain: uuid }).then(
      ({ statistics }) => setTold({ jobSinceMs, statistics }),
      () => {}, // who holds the domain is told without it
    ).finally(() => (isAsking.current = false));
  }, [client, uuid, jobSinceMs, summary]);
  return told !== null && told.jobSinceMs === jobSinceMs ? told.statistics : null;
}
