/** What domains keep on disk over their runs beside their images, which undefining may delete with them. */
import { useEffect, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { useSession } from '../shared/session.ts';

export interface Kept {
  /** The file of the firmware's variables. */
  readonly variables: string | null;
  /** An emulated TPM, whose keys a guest may need to read its own disk. */
  readonly tpm: boolean;
}

export function keptBy(xml: string): Kept {
  const domain = new DOMParser().parseFromString(xml, 'application/xml');
  return { variables: variableFile(domain), tpm: domain.querySelector("domain > devices > tpm > backend[type='emulator']") !== null };
}

/** The file that `<nvram>` names; null where the variables lie elsewhere or the firmware keeps none. */
function variableFile(domain: Document): string | null {
  const os = domain.querySelector('domain > os');
  const nvram = os?.querySelector('nvram');
  if (!nvram || os?.querySelector('loader')?.getAttribute('type') !== 'pflash') return null;
  const type = nvram.getAttribute('type');
  if (type === null) return nvram.textContent.trim() || null;
  return type === 'file' ? (nvram.querySelector('source')?.getAttribute('file') ?? null) : null;
}

/**
 * What those among `domains` keep that are off: a run still writes its own. Asked when a question opens, for a list
 * of a thousand domains need not carry it; empty until known and where a definition cannot be read.
 */
export function useKept(domains: readonly DomainSummary[]): ReadonlyMap<string, Kept> {
  const { host } = useSession();
  const [kept, setKept] = useState<ReadonlyMap<string, Kept>>(new Map());
  const uuids = domains.filter(({ state, persistent }) => persistent && !isActiveState(state)).map(({ uuid }) => uuid).join(' ');
  useEffect(() => {
    const ended = new AbortController();
    const look = async (): Promise<void> => {
      const found = new Map<string, Kept>();
      for (const uuid of uuids.split(' ').filter(Boolean)) {
        const { xml } = await host.client.call('domainGetXMLDesc', { domain: uuid, inactive: true }, { signal: ended.signal });
        const its = keptBy(xml);
        if (its.variables !== null || its.tpm) found.set(uuid, its);
      }
      if (!ended.signal.aborted) setKept(found);
    };
    look().catch(() => {}); // the question can be answered without; undefining keeps it all
    return () => ended.abort();
  }, [host, uuids]);
  return kept;
}
