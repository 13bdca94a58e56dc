/** Which panes printed or rang while nobody saw them: what a tab shows until it is looked at. */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { ConsoleState } from './console-session.ts';

export interface UnreadState {
  readonly printed: ReadonlySet<string>;
  readonly rang: ReadonlySet<string>;
}

export class Unread {
  readonly store: StoreApi<UnreadState> = createStore<UnreadState>(() => ({ printed: new Set(), rang: new Set() }));
  readonly #isSeen: (paneId: string) => boolean;

  constructor(isSeen: (paneId: string) => boolean) {
    this.#isSeen = isSeen;
  }

  /** From now on what this pane receives counts. */
  watch(paneId: string, store: StoreApi<Pick<ConsoleState, 'fresh' | 'bells'>>): void {
    store.subscribe((now, before) => {
      if (this.#isSeen(paneId)) return;
      if (now.bells > before.bells) this.store.setState(({ rang }) => ({ rang: new Set([...rang, paneId]) }));
      if (now.fresh > before.fresh && !this.store.getState().printed.has(paneId)) this.store.setState(({ printed }) => ({ printed: new Set([...printed, paneId]) }));
    });
  }

  /** Somebody looks at these, or they are gone. */
  seen(panes: Iterable<string>): void {
    const ids = new Set(panes);
    const { printed, rang } = this.store.getState();
    if (![...printed, ...rang].some((id) => ids.has(id))) return;
    this.store.setState({ printed: without(printed, ids), rang: without(rang, ids) });
  }
}

function without(all: ReadonlySet<string>, left: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...all].filter((id) => !left.has(id)));
}
