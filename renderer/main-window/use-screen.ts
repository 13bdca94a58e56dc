/** A guest's screen as a small picture, kept fresh as long as a component shows it, the window is in sight and there is a QEMU. */
import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Client } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useHost } from '../shared/session.ts';
import { type Thumbnail, ThumbnailFeed, type ThumbnailStore, thumbnailKey } from '../store/thumbnail-feed.ts';
import { hasScreen } from '../words/displays.ts';
import { useVisible } from './use-visible.ts';

/** For the list and for what is shown beside it: one picture serves both. */
export const smallScreenPixels = 320;
export const largeScreenPixels = 960;

/** One a connection, outside React: what was seen stays when a row is scrolled away. */
const feeds = new WeakMap<Client, ThumbnailFeed>();

function feedOf(client: Client): ThumbnailFeed {
  const feed = feeds.get(client) ?? new ThumbnailFeed(client);
  feeds.set(client, feed);
  return feed;
}

const nothing: ThumbnailStore = createStore(() => ({ pictures: new Map() }));

/** Null while there is no picture: nobody took one yet, or the guest has no screen. */
export function useScreen(summary: DomainSummary, widthPixels: number, { paused = false }: { readonly paused?: boolean } = {}): Thumbnail | null {
  const client = useHost(({ link }) => (link.phase === 'connected' ? link.client : null));
  const isVisible = useVisible();
  const { uuid, id, reason } = summary;
  const runs = id !== null && reason !== 'starting up' && hasScreen(summary) && !paused;
  const feed = useMemo(() => (client ? feedOf(client) : null), [client]);
  useEffect(() => {
    if (!feed || id === null || !runs || !isVisible) return undefined;
    const watching = feed.watch({ uuid, run: id, widthPixels });
    return () => watching[Symbol.dispose]();
  }, [feed, uuid, id, runs, widthPixels, isVisible]);
  return useStore(feed?.store ?? nothing, ({ pictures }) => (runs ? (pictures.get(thumbnailKey({ uuid, run: id, widthPixels })) ?? null) : null));
}
