/** What a domain uses, sampled for as long as a component shows it, the window is in sight and there is a QEMU. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';
import { UsageHistories, type UsageState, followUsage } from '../store/statistics-feed.ts';
import { useVisible } from './use-visible.ts';

/** One a page, outside React: what was sampled stays when another domain is looked at. */
const histories = new UsageHistories();

export function useUsage({ uuid, id, reason }: DomainSummary): UsageState {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const isVisible = useVisible();
  const runs = id !== null && reason !== 'starting up';
  const store = histories.of(uuid);
  useEffect(() => {
    if (!client || !runs || !isVisible) return undefined;
    const following = followUsage(client, uuid, store);
    return () => following[Symbol.dispose]();
  }, [client, uuid, store, runs, isVisible]);
  return useStore(store);
}
