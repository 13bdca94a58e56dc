/** All migrations of this host, also of domains that have left it: asked for again whenever one of them got on. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import { useHost } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';

/** @returns null until the first answer. */
export function useMigrations(): readonly MigrationView[] | null {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const domains = useHost(domainsOf);
  const [views, setViews] = useState<readonly MigrationView[] | null>(null);
  // Changes when one begins, gets on or ends, or its domain goes.
  const state = useMemo(() => JSON.stringify([...domains.values()].map(({ uuid, migration }) => (migration ? [uuid, migration.startedAtMs, migration.outcome, migration.activity, migration.percent] : uuid))), [domains]);
  const asking = useRef({ isAsking: false, isStale: false });
  useEffect(() => {
    if (!client) return;
    const turn = asking.current;
    if (turn.isAsking) {
      turn.isStale = true;
      return;
    }
    const ask = async (): Promise<void> => {
      turn.isAsking = true;
      do {
        turn.isStale = false;
        const answer = await client.call('connectListMigrations', {}).catch(() => null);
        if (answer) setViews(answer.migrations);
      } while (turn.isStale);
      turn.isAsking = false;
    };
    void ask();
  }, [client, state]);
  return views;
}
