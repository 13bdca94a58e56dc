/** What is known of a domain's displays, asked anew as long as a component shows it and the window is in sight. */
import { useEffect, useState } from 'react';
import type { AnyMethodResult } from '../../core/api/client.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';
import { useVisible } from './use-visible.ts';

type Displays = AnyMethodResult<'domainGetDisplays'>['displays'];

export interface ShownDisplays {
  /** Null until they are known for the first time. */
  readonly displays: Displays | null;
  readonly error: VireoError | null;
}

const beatMs = 3_000;
/** Longer than the host waits for a QEMU. */
const answerMs = 10_000;

export function useDisplays({ uuid, id, pendingChanges, persistent }: DomainSummary): ShownDisplays {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const isVisible = useVisible();
  const [shown, setShown] = useState<ShownDisplays>({ displays: null, error: null });
  useEffect(() => {
    if (!client || !isVisible) return undefined;
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const { displays } = await client.call('domainGetDisplays', { domain: uuid }, { signal: left.signal, timeoutMs: answerMs });
        if (!left.signal.aborted) setShown({ displays, error: null });
      } catch (error) {
        if (!left.signal.aborted) setShown((known) => ({ ...known, error: asVireoError(error) }));
      }
      if (!left.signal.aborted) timer = setTimeout(() => void ask(), beatMs);
    };
    void ask();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
  }, [client, isVisible, uuid, id, pendingChanges, persistent]); // a start, an end and another definition are worth asking at once
  return shown;
}
