/**
 * The layout of this window as it changes: every change goes through here, is written to the page's address, which a
 * reload brings back, and told to whoever keeps it over a restart of the app.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import { type ConsoleLayout, consoleLayoutSchema, panesOf } from '../../core/api/console-layout.ts';
import { type ConsoleChoice, newLayout } from './layout-tree.ts';

export type LayoutStore = StoreApi<ConsoleLayout>;

/** The address that the page was opened with. */
export interface ConsoleAddress extends ConsoleChoice {
  /** Which of several windows on the same console this one is, from 1. */
  readonly number: number;
  readonly layout: ConsoleLayout | null;
}

/** `?domain=<uuid>&device=<alias>&number=<n>`, and where there is more than one pane `&layout=<json>`. */
export function consoleAddress(query: string): ConsoleAddress {
  const parameters = new URLSearchParams(query);
  return {
    uuid: parameters.get('domain') ?? '',
    device: parameters.get('device') || null,
    mode: parameters.get('mode') === 'watch' ? 'watch' : 'write',
    number: Number(parameters.get('number')) || 1,
    layout: layoutFrom(parameters.get('layout')),
  };
}

/** The query of a page with this layout; what else stands in `query` stays. */
export function queryWithLayout(query: string, layout: ConsoleLayout): string {
  const parameters = new URLSearchParams(query);
  const [only, ...others] = panesOf(layout);
  if (only && others.length === 0) {
    parameters.delete('layout');
    parameters.set('domain', only.uuid);
    if (only.device === null) parameters.delete('device');
    else parameters.set('device', only.device);
    if (only.mode === 'watch') parameters.set('mode', 'watch');
    else parameters.delete('mode');
  } else parameters.set('layout', JSON.stringify(layout));
  return `?${parameters}`;
}

export interface LayoutStoreOptions {
  readonly address: ConsoleAddress;
  /** Called after each change. */
  readonly keep: (layout: ConsoleLayout) => void;
}

export function createLayoutStore({ address, keep }: LayoutStoreOptions): LayoutStore {
  const { uuid, device, mode, layout } = address;
  const store: LayoutStore = createStore(() => layout ?? newLayout({ uuid, device, mode }));
  store.subscribe((next, previous) => {
    if (next !== previous) keep(next);
  });
  return store;
}

/** An address can be anybody's text; one that is no layout is as good as none. */
function layoutFrom(text: string | null): ConsoleLayout | null {
  if (text === null) return null;
  try {
    return consoleLayoutSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
