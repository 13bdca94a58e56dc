/** What the parts of a console window share. */
import { createContext, useContext } from 'react';
import { type StoreApi, useStore } from 'zustand';
import { invariant } from '../../core/base/errors.ts';
import type { ConsoleSession, ConsoleState } from './console-session.ts';
import type { ConsoleTerminal } from './terminal.ts';

export interface ConsoleParts {
  readonly uuid: string;
  /** The device that this window was opened on; null for the domain's first. */
  readonly device: string | null;
  /** Which of several windows on the same console this one is, from 1. */
  readonly number: number;
  readonly terminal: ConsoleTerminal;
  readonly session: ConsoleSession;
  readonly copy: () => void;
  readonly paste: () => void;
  /** Whether the find bar is open. */
  readonly finding: StoreApi<{ readonly open: boolean }>;
  readonly resize: (by: number | null) => void;
}

export const ConsoleContext = createContext<ConsoleParts | null>(null);

export function useConsole(): ConsoleParts {
  const parts = useContext(ConsoleContext);
  invariant(parts, 'a component is used outside a console window');
  return parts;
}

export function useConsoleState<T>(select: (state: ConsoleState) => T): T {
  return useStore(useConsole().session.store, select);
}
