/** Calls off a save while that is possible: the guest goes on as before. */
import { type ReactElement, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';

export function isBeingSaved({ jobs }: DomainSummary): boolean {
  return jobs.async?.kind === 'save';
}

export function CancelSave({ summary }: { readonly summary: DomainSummary }): ReactElement | null {
  const { host } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const job = summary.jobs.async;
  if (!isBeingSaved(summary) || !job || job.phase === 'committing') return null;
  const cancel = async (): Promise<void> => {
    setIsAsking(true);
    await attempt('The save was not cancelled', () => host.client.call('domainAbortJob', { domain: summary.uuid }));
    setIsAsking(false);
  };
  return <Button label="Cancel" small busy={isAsking || job.abortRequested} onPress={() => void cancel()} />;
}
