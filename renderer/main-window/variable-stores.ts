/** Which domains keep firmware variables in a file of their own, which undefining may delete with them. */
import { useEffect, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { useSession } from '../shared/session.ts';

/** The file that `<nvram>` names; null where the variables lie elsewhere or the firmware keeps none. */
export function variableFileIn(xml: string): string | null {
  const os = new DOMParser().parseFromString(xml, 'application/xml').querySelector('domain > os');
  const nvram = os?.querySelector('nvram');
  if (!nvram || os?.querySelector('loader')?.getAttribute('type') !== 'pflash') return null;
  const type = nvram.getAttribute('type');
  if (type === null) return nvram.textContent.trim() || null;
  return type === 'file' ? (nvram.querySelector('source')?.getAttribute('file') ?? null) : null;
}

/**
 * The files of those among `domains` that are off: a run still writes its own. Asked when a question opens, for a list
 * of a thousand domains need not carry it; empty until known and where a definition cannot be read.
 */
export function useVariableFiles(domains: readonly DomainSummary[]): ReadonlyMap<string, string> {
  const { host } = useSession();
  const [files, setFiles] = useState<ReadonlyMap<string, string>>(new Map());
  const uuids = domains.filter(({ state, persistent }) => persistent && !isActiveState(state)).map(({ uuid }) => uuid).join(' ');
  useEffect(() => {
    const ended = new AbortController();
    const look = async (): Promise<void> => {
      const found = new Map<string, string>();
      for (const uuid of uuids.split(' ').filter(Boolean)) {
        const { xml } = await host.client.call('domainGetXMLDesc', { domain: uuid, inactive: true }, { signal: ended.signal });
        const file = variableFileIn(xml);
        if (file !== null) found.set(uuid, file);
      }
      if (!ended.signal.aborted) setFiles(found);
    };
    look().catch(() => {}); // the question can be answered without; undefining keeps the files
    return () => ended.abort();
  }, [host, uuids]);
  return files;
}
