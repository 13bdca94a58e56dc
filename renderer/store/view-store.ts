/** What the main window shows: selection, filter, tab, the question that is open, and definitions being written. */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { ImportReport } from '../../core/api/contract.ts';
import type { DomainAction } from './domain-actions.ts';

/** The tree's row of this computer; domains have their UUID. */
export const hostKey = 'host';

export type DetailTab = 'overview' | 'migration' | 'display' | 'consoles' | 'events' | 'xml' | 'log';

/** A definition that is being written and not yet a domain. */
export interface Draft {
  readonly xml: string;
  /** The file that it was read from; null for the template. */
  readonly source: string | null;
  /** Somebody has written in it. */
  readonly isChanged: boolean;
}

export interface ViewState {
  readonly selected: ReadonlySet<string>;
  readonly filter: string;
  readonly tab: DetailTab;
  /** The events tab is to open on how the last run ended. */
  readonly showsLastEnd: boolean;
  readonly draft: Draft | null;
  /** A draft that was written in and left for another view, to go on with. */
  readonly shelved: Draft | null;
  /** What an import of a folder would do, or has done. */
  readonly importing: ImportReport | null;
  /** Unsaved text by domain: looking at another domain loses nothing. */
  readonly edits: ReadonlyMap<string, string>;
  /** What was chosen from a domain's menu and needs more than a yes. */
  readonly dialog: { readonly kind: 'screenshot' | 'dump' | 'save'; readonly uuid: string } | null;
  /** A lossy action that waits for a yes. */
  readonly question: { readonly action: DomainAction; readonly uuids: readonly string[] } | null;
}

export type ViewStore = StoreApi<ViewState>;

export function createViewStore(uuid: string | null): ViewStore {
  return createStore(() => ({ selected: new Set(uuid ? [uuid] : []), filter: '', tab: 'overview', showsLastEnd: false, draft: null, shelved: null, importing: null, edits: new Map(), question: null, dialog: null }));
}

/** Shows rows: domains' UUIDs or the host. A draft that somebody has written in is put aside, not lost. */
export function select(view: ViewStore, keys: Iterable<string>): void {
  view.setState(({ draft, shelved }) => ({ selected: new Set(keys), draft: null, shelved: draft?.isChanged ? draft : shelved, importing: null }));
}

/** Shows one row alone. */
export function show(view: ViewStore, key: string): void {
  select(view, [key]);
}

export function setEdit(view: ViewStore, uuid: string, xml: string | null): void {
  view.setState((state) => {
    const edits = new Map(state.edits);
    if (xml === null) edits.delete(uuid);
    else edits.set(uuid, xml);
    return { edits };
  });
}
