/** What moving domains needs of the main window: the dialog, its key, the way to the view, and the word when one has left. */
import { type ReactElement, useEffect, useRef } from 'react';
import { jobsKey } from '../migration/places.ts';
import { MigrateDialog } from '../migration/migrate-dialog.tsx';
import { formatPause } from '../migration/migration-words.ts';
import { showNews } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { askToMigrate, isMovable } from '../store/migrate-store.ts';
import { show } from '../store/view-store.ts';
import { useViewStore } from './view-context.ts';

export function Migrations(): ReactElement {
  const view = useViewStore();
  const { host } = useSession();
  useDepartures();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.altKey || event.key.toLowerCase() !== 'm') return;
      event.preventDefault();
      const chosen = [...view.getState().selected].flatMap((uuid) => host.domain(uuid) ?? []);
      askToMigrate(chosen.filter(isMovable).map(({ uuid }) => uuid));
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [host, view]);
  const onMoving = (uuids: readonly string[]): void => {
    const [only] = uuids.length === 1 ? uuids : [];
    if (only === undefined) return show(view, jobsKey);
    // One that has left already is among the jobs.
    show(view, host.domain(only) ? only : jobsKey);
    view.setState({ tab: 'migration' });
  };
  return <MigrateDialog onMoving={onMoving} />;
}

/** A domain that is not kept here goes from the list with its view: its result is told, and stays among the jobs. */
function useDepartures(): void {
  const { host } = useSession();
  const view = useViewStore();
  const before = useRef(domainsOf(host.store.getState()));
  useEffect(
    () =>
      host.store.subscribe((state) => {
        const domains = domainsOf(state);
        if (domains === before.current) return;
        const gone = [...before.current.values()].filter(({ uuid, migration }) => !domains.has(uuid) && migration?.side === 'source' && migration.outcome !== 'failed' && migration.outcome !== 'cancelled');
        before.current = domains;
        for (const { uuid, name } of gone) {
          if (view.getState().selected.has(uuid)) show(view, jobsKey);
          void host.client.call('domainGetMigration', { domain: uuid }).then(
            ({ migration }) => migration?.outcome === 'completed' && showNews(`${name} has moved`, migration.downtimeMs === null ? undefined : `The guest stood still for ${formatPause(migration.downtimeMs)}.`),
            () => {}, // it was undefined by somebody
          );
        }
      }),
    [host, view],
  );
}
