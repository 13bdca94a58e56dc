/** The dump of a crash: where it lies, or why there is none. Null where nobody asked for one, or it is not known yet. */
import { useEffect, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';

export type CrashDump = { readonly file: string } | { readonly error: string };

/** A dump is told of within this of the crash that it is of. */
const sameCrashMs = 10 * 60_000;

/** The dump may be told before the crash or after it: the timeline has it either way. */
export function useCrashDump({ uuid, stateSinceMs }: DomainSummary): CrashDump | null {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const toldAtMs = useHost(({ lastEvents }) => (lastEvents.get(uuid)?.type === 'core-dump' ? lastEvents.get(uuid)?.atMs : null));
  const [dump, setDump] = useState<CrashDump | null>(null);
  useEffect(() => {
    const left = new AbortController();
    void client?.call('domainGetTimeline', { domain: uuid, kinds: ['lifecycle'], text: '"core-dump"', limit: 1 }, { signal: left.signal }).then(
      ({ entries: [entry] }) => {
        if (left.signal.aborted || !entry || stateSinceMs === null || Math.abs(entry.atMs - stateSinceMs) > sameCrashMs) return;
        setDump(crashDumpIn(entry.details['detail']));
      },
      () => {}, // the notice says enough without it
    );
    return () => left.abort();
  }, [client, uuid, stateSinceMs, toldAtMs]);
  return dump;
}

/** The driver tells the file, or `failed:` and why. */
function crashDumpIn(detail: unknown): CrashDump | null {
  if (typeof detail !== 'string') return null;
  const error = /^failed: (.*)$/s.exec(detail)?.[1];
  return error === undefined ? { file: detail } : { error };
}
