/** What a pane is called: its domain and the guest's name for the device, as soon as anybody knows them. */
import { useStore } from 'zustand';
import type { ConsoleSummary, DomainSummary } from '../../core/domain/domain-summary.ts';
import { useDomain } from '../shared/session.ts';
import { type ConsoleParts, useConsole, useConsoleState, useConsoleWindow } from './console-context.ts';

export interface ConsoleName {
  readonly name: string;
  readonly label: string;
}

export function useConsoleName(paneId: string): ConsoleName {
  const parts = useConsoleWindow().pane(paneId);
  const domain = useDomain(parts?.uuid ?? '');
  const opened = useSessionLabel(parts);
  return { name: domain?.name ?? 'Domain', label: opened ?? deviceOf(domain, parts?.device ?? null)?.label ?? parts?.device ?? 'console' };
}

/** The console of the pane around, as the host tells it. */
export function useConsoleSummary(): ConsoleSummary | null {
  const { uuid, device } = useConsole();
  const alias = useConsoleState((state) => state.alias) ?? device;
  return deviceOf(useDomain(uuid), alias);
}

/** Without hooks, for what is asked once. */
export function consoleNameOf(domain: DomainSummary | null, parts: Pick<ConsoleParts, 'device' | 'session'>): ConsoleName {
  const { alias, label } = parts.session.store.getState();
  return { name: domain?.name ?? 'Domain', label: label ?? deviceOf(domain, alias ?? parts.device)?.label ?? parts.device ?? 'console' };
}

function deviceOf(domain: DomainSummary | null, alias: string | null): ConsoleSummary | null {
  const consoles = domain?.consoles ?? [];
  return (alias === null ? consoles[0] : consoles.find((each) => each.alias === alias)) ?? null;
}

const noStore = { getState: () => null, getInitialState: () => null, subscribe: () => () => {} };

function useSessionLabel(parts: ConsoleParts | null): string | null {
  return useStore(parts?.session.store ?? noStore, (state) => state?.label ?? null);
}
