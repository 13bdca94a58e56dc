/** The whole of one migration, asked for again whenever the domain's summary says that it got on; never two questions at once. */
import { useEffect, useRef, useState } from 'react';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';

export function useMigration(summary: DomainSummary): MigrationView | null {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const [view, setView] = useState<MigrationView | null>(null);
  const asking = useRef({ isAsking: false, isStale: false });
  const { uuid } = summary;
  const has = summary.migration !== null;
  useEffect(() => {
    if (!client || !has) return;
    const state = asking.current;
    if (state.isAsking) {
      state.isStale = true;
      return;
    }
    const ask = async (): Promise<void> => {
      state.isAsking = true;
      do {
        state.isStale = false;
        const answer = await client.call('domainGetMigration', { domain: uuid }).catch(() => null);
        if (answer) setView(answer.migration);
      } while (state.isStale);
      state.isAsking = false;
    };
    void ask();
  }, [client, uuid, has, summary]);
  return view?.uuid === uuid && has ? view : null;
}
