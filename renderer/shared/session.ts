/** One window's connection and actions, for every component below. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { invariant } from '../../core/base/errors.ts';
import { type Actions, type ActionState, createActions } from '../store/action-store.ts';
import { type Host, type HostState, createHost, domainsOf } from '../store/host-store.ts';
import { openPortChannel } from '../client/port-channel.ts';
import { showFailure } from './failure-toast.tsx';

export interface Session {
  readonly host: Host;
  readonly actions: Actions;
}

/** Made once a page, outside React: StrictMode must not connect twice. */
export function createSession(label: string): Session {
  const host = createHost({ label, openChannel: openPortChannel });
  return { host, actions: createActions(host, showFailure) };
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  invariant(session, 'a component is used outside its session');
  return session;
}

export function useHost<T>(select: (state: HostState) => T): T {
  return useStore(useSession().host.store, select);
}

export function useActionState<T>(select: (state: ActionState) => T): T {
  return useStore(useSession().actions.store, select);
}

/** The domain as it is known now; null when there is none of this UUID. */
export function useDomain(uuid: string): DomainSummary | null {
  return useHost((state) => domainsOf(state).get(uuid) ?? null);
}
