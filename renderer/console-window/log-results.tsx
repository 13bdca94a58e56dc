/** What the whole log has of a pattern, newest first, each line with its time; a chosen one is shown where it stands. */
import { type ReactElement, useEffect, useMemo } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components';
import { useStore } from 'zustand';
import type { ConsoleHit } from '../../core/api/console-history-contract.ts';
import { SearchStatus } from '../shared/search-status.tsx';
import { useNow } from '../shared/use-now.ts';
import { useSession } from '../shared/session.ts';
import { PagedSearch } from '../store/paged-search.ts';
import { HitLine, timeOfHit } from '../shared/hit-line.tsx';
import { useConsole, useConsoleState } from './console-context.ts';
import { logEncoding } from './log-encoding.ts';

export interface LogResultsProps {
  readonly pattern: string;
  readonly caseSensitive: boolean;
  readonly isRegex: boolean;
}

export function LogResults({ pattern, caseSensitive, isRegex }: LogResultsProps): ReactElement | null {
  const { host } = useSession();
  const { uuid, device, tools } = useConsole();
  const alias = useConsoleState((state) => state.alias) ?? device;
  const encoding = useStore(tools.guest.store, (state) => logEncoding(state.encoding));
  const search = useMemo(
    () =>
      new PagedSearch<ConsoleHit, number>((from, signal) =>
        host.client.call('domainFindInConsole', { domain: uuid, device: alias, pattern, caseSensitive, kind: isRegex ? 'regex' : 'text', encoding, direction: 'older', from }, { signal })),
    [host, uuid, alias, pattern, caseSensitive, isRegex, encoding],
  );
  useEffect(() => {
    if (pattern !== '') void search.more();
    return () => search.cancel();
  }, [search, pattern]);
  const state = useStore(search.store);
  const now = useNow();
  if (pattern === '') return <p className="find-hint quiet">Enter searches everything that is kept of this console.</p>;
  return (
    <>
      {state.hits.length > 0 && (
        <ListBox
          className="log-results"
          aria-label="Lines found in the log"
          selectionMode="none"
          items={state.hits.map((hit, index) => ({ hit, id: `${index}` }))}
          onAction={(key) => {
            const hit = state.hits[Number(key)];
            if (hit) tools.showHistory({ offset: hit.offset, atMs: hit.fromMs ?? hit.toMs });
          }}
        >
          {({ hit, id }) => (
            <ListBoxItem id={id} className="log-result" textValue={hit.line}>
              <span className="log-time quiet">{timeOfHit(hit, now)}</span>
              <HitLine hit={hit} />
            </ListBoxItem>
          )}
        </ListBox>
      )}
      <SearchStatus state={state} nothing="Nothing in the log matches." onMore={() => void search.more()} onCancel={() => search.cancel()} />
    </>
  );
}
