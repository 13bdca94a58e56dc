/** What the parts of a display window share. */
import { createContext, useContext } from 'react';
import { type StoreApi, useStore } from 'zustand';
import { invariant } from '../../core/base/errors.ts';
import type { DisplaySummary } from '../../core/domain/domain-summary.ts';
import { useDomain } from '../shared/session.ts';
import type { DisplaySession, DisplayState } from './display-session.ts';
import type { Screen } from './screen.ts';

/** How this window shows the guest; kept for the next window of the kind. */
export interface DisplaySettings {
  /** To the window's size, or point for point. */
  readonly scales: boolean;
  readonly resizesGuest: boolean;
  /** Off until somebody turns it on, in each window: a guest must not read what is copied elsewhere, nor put something there. */
  readonly copiesToGuest: boolean;
  readonly copiesFromGuest: boolean;
}

export interface DisplayParts {
  readonly uuid: string;
  readonly index: number;
  /** Which of several windows on the same display this one is, from 1. */
  readonly number: number;
  readonly screen: Screen;
  readonly session: DisplaySession;
  readonly settings: StoreApi<DisplaySettings>;
  /** Whether the pointer is the guest's alone. */
  readonly grab: StoreApi<{ readonly isGrabbed: boolean }>;
  readonly fullScreen: StoreApi<{ readonly isFull: boolean }>;
  readonly grabPointer: () => void;
  readonly toggleFullScreen: () => void;
  /** Sends the computer's clipboard to the guest's once. */
  readonly sendClipboard: () => void;
}

export const DisplayContext = createContext<DisplayParts | null>(null);

export function useDisplay(): DisplayParts {
  const parts = useContext(DisplayContext);
  invariant(parts, 'a component is used outside a display window');
  return parts;
}

export function useDisplayState<T>(select: (state: DisplayState) => T): T {
  return useStore(useDisplay().session.store, select);
}

export function useDisplaySettings(): DisplaySettings {
  return useStore(useDisplay().settings);
}

/** The display as the host tells of it; null while nothing is known, and where the domain has none of this number. */
export function useDisplaySummary(): DisplaySummary | null {
  const { uuid, index } = useDisplay();
  return useDomain(uuid)?.displays[index] ?? null;
}
