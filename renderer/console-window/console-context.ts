/**
 * What the parts of a console window share. A window holds tabs, a tab one pane or a split of several, and each pane is
 * a terminal on one device's stream with all that belongs to it: `ConsoleParts`. Components below a pane, and the bars
 * around the panes for the one that has the focus, find it by `useConsole`; the window itself is at `useConsoleWindow`.
 */
import { createContext, useContext } from 'react';
import { type StoreApi, useStore } from 'zustand';
import { invariant } from '../../core/base/errors.ts';
import type { Broadcast } from './broadcast.ts';
import type { ConsoleSession, ConsoleState } from './console-session.ts';
import type { ConsoleCommand } from './keys.ts';
import type { LayoutStore } from './layout-store.ts';
import type { ConsoleTerminal } from './terminal.ts';
import type { TerminalTools } from './terminal-tools.ts';
import type { Unread } from './unread.ts';

/** One pane. Made outside React when the pane enters the layout, disposed when it leaves; a hidden tab's pane lives on. */
export interface ConsoleParts extends Disposable {
  readonly paneId: string;
  readonly uuid: string;
  /** The device that this pane was opened on; null for the domain's first. */
  readonly device: string | null;
  readonly terminal: ConsoleTerminal;
  readonly session: ConsoleSession;
  readonly tools: TerminalTools;
  /**
   * What a person types, pastes or picks from a menu for the guest: to this pane's, and to those of a broadcast that
   * it takes part in. What the terminal answers by itself goes to `session.type` alone.
   */
  readonly type: (bytes: Uint8Array) => void;
  readonly copy: () => void;
  readonly paste: () => void;
  /** Whether the find bar is open. */
  readonly finding: StoreApi<{ readonly open: boolean }>;
  readonly resize: (by: number | null) => void;
  /** Runs what a key of `keys.ts` stands for, on this pane. */
  readonly run: (command: ConsoleCommand) => void;
}

/** What the chooser of devices is open for: where the chosen one will stand. */
export type OpenPlace = 'tab' | 'right' | 'down' | 'window';

export interface ConsoleWindowParts {
  /** Which of several windows opened on the same console this one is, from 1. */
  readonly number: number;
  readonly layout: LayoutStore;
  readonly broadcast: Broadcast;
  readonly unread: Unread;
  readonly chooser: StoreApi<{ readonly place: OpenPlace | null }>;
  /** The pane of this id; null once it has left the layout. */
  readonly pane: (paneId: string) => ConsoleParts | null;
  /** The pane with the focus: there always is one. */
  readonly focused: () => ConsoleParts;
  /** Takes the pane out of the layout, and closes the window with the last one. The guest goes on. */
  readonly close: (paneId: string) => void;
  readonly closeTab: (tabId: string) => void;
}

export const ConsoleContext = createContext<ConsoleParts | null>(null);
export const ConsoleWindowContext = createContext<ConsoleWindowParts | null>(null);

export function useConsole(): ConsoleParts {
  const parts = useContext(ConsoleContext);
  invariant(parts, 'a component is used outside a console pane');
  return parts;
}

export function useConsoleWindow(): ConsoleWindowParts {
  const parts = useContext(ConsoleWindowContext);
  invariant(parts, 'a component is used outside a console window');
  return parts;
}

export function useConsoleState<T>(select: (state: ConsoleState) => T): T {
  return useStore(useConsole().session.store, select);
}
