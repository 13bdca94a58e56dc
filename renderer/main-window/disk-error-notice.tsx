/** A guest that stands still because a disk failed: which, why, and how it goes on. */
import type { ReactElement } from 'react';
import type { DiskError, DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useActionState } from '../shared/session.ts';
import { pendingOf } from '../store/action-store.ts';
import { useCommands } from './view-context.ts';

export function isPausedByDisk({ state, reason }: Pick<DomainSummary, 'state' | 'reason'>): boolean {
  return state === 'paused' && reason === 'I/O error';
}

export function DiskErrorNotice({ summary: { uuid, diskErrors } }: { readonly summary: DomainSummary }): ReactElement {
  const { act } = useCommands();
  const isBusy = useActionState((state) => pendingOf(state, uuid).has('resume'));
  const isFull = diskErrors.some(({ error }) => error === 'no space');
  return (
    <>
      <span>
        The guest stands still: {diskErrors.length === 0 ? 'a disk failed' : diskErrors.map(inWords).join('; ')}. {isFull ? 'Grow its storage or free space there, then resume.' : 'Repair what it lies on, then resume: the guest tries again what failed.'}
      </span>
      <Button label="Resume" small busy={isBusy} onPress={() => act('resume', [uuid])} />
    </>
  );
}

function inWords({ disk, error, message }: DiskError): string {
  if (error === 'no space') return `there is no space left for disk ${disk}`;
  return message === null ? `disk ${disk} failed` : `disk ${disk} failed (${message})`;
}
