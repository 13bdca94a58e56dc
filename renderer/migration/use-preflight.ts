/** What would keep domains here, looked at again a moment after each change of the options; nothing of an older answer is shown as new. */
import { useEffect, useRef, useState } from 'react';
import type { MigrationPreflight } from '../../core/migration/migration-view.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { useHost } from '../shared/session.ts';
import { type MigrateDraft, optionsOf, uriOf } from './migrate-draft.ts';

export interface CheckedDomain {
  readonly uuid: string;
  readonly preflight: MigrationPreflight | null;
  /** Why it could not be looked at. */
  readonly failure: string | null;
}

export interface Preflight {
  readonly domains: readonly CheckedDomain[];
  /** The newest answer is on its way. */
  readonly isChecking: boolean;
}

const settledMs = 250;

export function usePreflight(uuids: readonly string[], draft: MigrateDraft): Preflight {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const [checked, setChecked] = useState<{ readonly key: string; readonly domains: readonly CheckedDomain[] }>({ key: '', domains: [] });
  const options = optionsOf(draft);
  const uri = uriOf(draft);
  const key = JSON.stringify([uuids, uri, options]);
  // Measuring takes a second and asks the guest's memory: once is enough.
  const rates = useRef(new Map<string, number | null>());
  useEffect(() => {
    if (!client) return undefined;
    const stop = new AbortController();
    const check = async (uuid: string): Promise<CheckedDomain> => {
      try {
        const measure = !rates.current.has(uuid);
        const preflight = await client.call('domainCheckMigration', { domain: uuid, options, uri, measure }, { signal: stop.signal });
        if (measure) rates.current.set(uuid, preflight.dirtyBytesPerSecond);
        return { uuid, preflight: { ...preflight, dirtyBytesPerSecond: rates.current.get(uuid) ?? null }, failure: null };
      } catch (error) {
        return { uuid, preflight: null, failure: asVireoError(error).message };
      }
    };
    const timer = setTimeout(() => void Promise.all(uuids.map(check)).then((domains) => !stop.signal.aborted && setChecked({ key, domains })), settledMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
    // oxlint-disable-next-line react/exhaustive-deps -- the key says it all: draft and list are new objects each time
  }, [client, key]);
  return { domains: checked.domains, isChecking: checked.key !== key };
}
