/** What the main window shows: selection, filter, tab, the question that is open, and definitions being written. */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { DomainAction } from './domain-actions.ts';

/** The tree's row of this computer; domains have their UUID. */
export const hostKey = 'host';

export type DetailTab = 'overview' | 'consoles' | 'xml' | 'log';

/** A definition that is being written and not yet a domain. */
export interface Draft {
  readonly xml: string;
  /** The file that it was read from; null for the template. */
  readonly source: string | null;
}

export interface ViewState {
  readonly selected: ReadonlySet<string>;
  readonly filter: string;
  readonly tab: DetailTab;
  readonly draft: Draft | null;
  /** Unsaved text by domain: looking at another domain loses nothing. */
  readonly edits: ReadonlyMap<string, string>;
  /** A lossy action that waits for a yes. */
  readonly question: { readonly action: DomainAction; readonly uuids: readonly string[] } | null;
}

export type ViewStore = StoreApi<ViewState>;

export function createViewStore(uuid: string | null): ViewStore {
  return createStore(() => ({ selected: new Set(uuid ? [uuid] : []), filter: '', tab: 'overview', draft: null, edits: new Map(), question: null }));
}

/** Shows one row alone: a domain's UUID or the host. */
export function show(view: ViewStore, key: string): void {
  view.setState({ selected: new Set([key]), draft: null });
}

export function setEdit(view: ViewStore, uuid: string, xml: string | null): void {
  view.setState((state) => {
    const edits = new Map(state.edits);
    if (xml === null) edits.delete(uuid);
    else edits.set(uuid, xml);
    return { edits };
  });
}
