/**
 * Typing to several panes at once, on purpose only: it is started with the panes by name, shown over all of them, and
 * ends with the window, with a reload, or when one pane is left. A pane that only watches takes no part while it does.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';

export interface BroadcastState {
  /** The panes that were chosen; empty while nothing is broadcast. */
  readonly panes: readonly string[];
  /** The question which panes is open. */
  readonly isChoosing: boolean;
}

/** What a pane does with bytes typed for it alone. */
export interface TypedInto {
  readonly session: { type(bytes: Uint8Array): void; readonly store: { getState(): { readonly mode: 'write' | 'watch' } } };
}

export class Broadcast {
  readonly store: StoreApi<BroadcastState> = createStore<BroadcastState>(() => ({ panes: [], isChoosing: false }));
  readonly #pane: (paneId: string) => TypedInto | null;

  constructor(pane: (paneId: string) => TypedInto | null) {
    this.#pane = pane;
  }

  /** Opens or closes the question which panes it shall be. */
  choose(isChoosing: boolean): void {
    this.store.setState({ isChoosing });
  }

  /** Two panes are the least; with fewer nothing starts. */
  start(panes: Iterable<string>): void {
    const chosen = [...new Set(panes)].filter((id) => this.#pane(id) !== null);
    this.store.setState({ panes: chosen.length > 1 ? chosen : [] });
  }

  stop(): void {
    this.store.setState({ panes: [] });
  }

  /** A pane left the window. */
  leave(paneId: string): void {
    const { panes } = this.store.getState();
    if (panes.includes(paneId)) this.start(panes.filter((id) => id !== paneId));
  }

  /** What is typed into this pane goes to all that take part with it, else to it alone. */
  type(paneId: string, bytes: Uint8Array): void {
    const { panes } = this.store.getState();
    const own = this.#pane(paneId);
    // Whoever types into a pane that only watches hears that nothing was sent, and nothing is sent anywhere.
    if (!panes.includes(paneId) || own?.session.store.getState().mode !== 'write') return own?.session.type(bytes);
    for (const id of panes) {
      const pane = this.#pane(id);
      if (pane?.session.store.getState().mode === 'write') pane.session.type(bytes);
    }
  }
}
