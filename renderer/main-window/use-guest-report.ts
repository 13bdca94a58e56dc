/** What a guest's agent tells, asked for as long as a component shows it, the window is in sight and the agent can answer. */
import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';
import { GuestReportFeed, type ReportState } from '../store/guest-report-feed.ts';
import { useVisible } from './use-visible.ts';

export interface ShownReport extends ReportState {
  readonly askAgain: () => void;
}

/** While there is no connection, or no run, there is nobody to ask. */
const noFeed = createStore<ReportState>(() => ({ report: null, atMs: null, error: null, asking: false }));

export function useGuestReport({ uuid, id, agent, state }: DomainSummary): ShownReport {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const isVisible = useVisible();
  const canAnswer = agent === 'connected' && (state === 'running' || state === 'in shutdown');
  const feed = useMemo(() => (client && id !== null ? new GuestReportFeed(client, uuid) : null), [client, uuid, id]);
  useEffect(() => {
    if (!feed || !canAnswer || !isVisible) return undefined;
    const asking = feed.start();
    return () => asking[Symbol.dispose]();
  }, [feed, canAnswer, isVisible]);
  return { ...useStore(feed?.store ?? noFeed), askAgain: () => feed?.askAgain() };
}
