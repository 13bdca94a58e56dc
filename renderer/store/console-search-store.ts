/** What the main window looks for in consoles: kept while its dialog is closed, so that somebody comes back to the list. */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { AnyMethodResult, Client } from '../../core/api/client.ts';
import { PagedSearch } from './paged-search.ts';

export type ConsolesPage = AnyMethodResult<'domainSearchConsoles'>;
export type ConsolesHit = ConsolesPage['hits'][number];
export type ConsolesSearch = PagedSearch<ConsolesHit, string, ConsolesPage>;

export interface ConsoleSearchQuery {
  readonly pattern: string;
  readonly isRegex: boolean;
  readonly caseSensitive: boolean;
  /** UUIDs; empty for all. */
  readonly domains: readonly string[];
}

export interface ConsoleSearchState {
  readonly isOpen: boolean;
  readonly query: ConsoleSearchQuery;
  /** Null before the first. */
  readonly search: ConsolesSearch | null;
}

export type ConsoleSearchStore = StoreApi<ConsoleSearchState>;

export const consoleSearch: ConsoleSearchStore = createStore<ConsoleSearchState>(() => ({ isOpen: false, query: { pattern: '', isRegex: false, caseSensitive: false, domains: [] }, search: null }));

export function changeQuery(store: ConsoleSearchStore, changes: Partial<ConsoleSearchQuery>): void {
  store.setState(({ query }) => ({ query: { ...query, ...changes } }));
}

/** Gives the search before it up. */
export function searchConsoles(store: ConsoleSearchStore, client: Client): void {
  const { query, search: before } = store.getState();
  before?.cancel();
  if (query.pattern === '') return store.setState({ search: null });
  const { pattern, isRegex, caseSensitive, domains } = query;
  const search: ConsolesSearch = new PagedSearch((from, signal) =>
    client.call('domainSearchConsoles', { pattern, kind: isRegex ? 'regex' : 'text', caseSensitive, domains: [...domains], before: from }, { signal }));
  store.setState({ search });
  void search.more();
}
