/** The timeline of a domain for as long as a component shows it. */
import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { TimelineKind } from '../../core/timeline/timeline-entry.ts';
import { useHost } from '../shared/session.ts';
import { type FeedState, TimelineFeed, type TimelineFilter } from '../store/timeline-feed.ts';

export interface ShownTimeline extends FeedState {
  readonly loadOlder: () => void;
  readonly retry: () => void;
}

/** While there is no connection there is nothing to read. */
const noFeed = createStore<FeedState>(() => ({ entries: null, next: null, error: null }));

export function useTimeline(uuid: string, { kinds, text }: TimelineFilter): ShownTimeline {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const kindList = kinds.join(',');
  const feed = useMemo(() => client && new TimelineFeed(client, uuid, { kinds: kindList === '' ? [] : (kindList.split(',') as TimelineKind[]), text }), [client, uuid, kindList, text]);
  useEffect(() => {
    const reading = feed?.start();
    return () => reading?.[Symbol.dispose]();
  }, [feed]);
  const state = useStore(feed?.store ?? noFeed);
  return { ...state, loadOlder: () => void feed?.loadOlder(), retry: () => feed?.refresh() };
}
